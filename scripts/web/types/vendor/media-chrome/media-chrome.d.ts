// Importing it defines the elements.

/** Which language their words are in, such as "zh-CN"; before the elements are made. */
export function setLanguage(code: string): void;
