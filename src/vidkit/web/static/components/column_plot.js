// Counts as a column chart. The table beside it has the same numbers for screen readers.

import uPlot from "../vendor/uplot/uplot.js";
import { html, useEffect, useRef } from "../ui.js";
import { onTheme, resolved } from "../colours.js";
import { count } from "../format.js";

const HEIGHT = 180; // pixels
const SIDE = 48; // pixels of the scale at the left
const NARROW = 72; // pixels; not every narrower column gets its name

/** @param {{names: string[], counts: number[]}} props names: short, one below each column */
export function ColumnPlot({ names, counts }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const box = /** @type {HTMLElement} */ (own.current);
    const plot = new uPlot(options(box, names), [names.map((_, place) => place), counts], box);
    const sized = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT }));
    sized.observe(box);
    const themed = onTheme(() => plot.redraw());
    return () => {
      themed();
      sized.disconnect();
      plot.destroy();
    };
  }, [names.join("\n"), counts.join(" ")]);
  return html`<div class="column-plot" ref=${own} aria-hidden="true"></div>`;
}

/** @param {HTMLElement} box @param {string[]} names @returns {any} */
function options(box, names) {
  const stroke = () => resolved(box, "--quiet");
  const font = `11px ${getComputedStyle(box).fontFamily}`;
  const every = () => Math.ceil((NARROW * names.length) / Math.max(1, box.clientWidth - SIDE - 16));
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.6, names.length - 0.4] },
      y: { range: (/** @type {any} */ _, /** @type {number} */ least, /** @type {number} */ most) => [0, Math.max(1, most * 1.05)] },
    },
    axes: [
      {
        stroke,
        font,
        size: 30,
        grid: { show: false },
        ticks: { show: false },
        splits: () => names.map((_, place) => place),
        values: () => names.map((name, place) => (place % every() ? "" : name)),
      },
      {
        stroke,
        font,
        size: SIDE,
        grid: { stroke: () => resolved(box, "--line"), width: 1 },
        ticks: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7],
        values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((one) => count(one)),
      },
    ],
    series: [
      {},
      {
        paths: uPlot.paths.bars?.({ size: [0.8, 90], radius: 0.06 }),
        fill: () => resolved(box, "--accent"),
        points: { show: false },
      },
    ],
  };
}
