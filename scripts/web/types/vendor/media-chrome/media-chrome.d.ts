// Importing it defines the elements.
export {};
