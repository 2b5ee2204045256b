// The parameters of a search by the names that they have in an address.

import { t } from "../texts.js";

/** @type {Record<string, string>} */
const NAMES = {
  tag: t("tag"),
  class: t("class"),
  codec: t("codec"),
  resolution: t("resolution"),
  min_duration: t("min duration"),
  max_duration: t("max duration"),
  after: t("after"),
  before: t("before"),
  where: t("where"),
  like: t("like"),
  in: t("in"),
  meaning: t("meaning"),
};

/** The name of a search parameter for people. @param {string} name */
export const parameterName = (name) => NAMES[name] ?? name.replace("_", " ");
