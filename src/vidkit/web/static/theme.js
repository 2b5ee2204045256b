// Runs before the page is drawn, so that it is not first drawn in the other theme. Kept out of the modules for that.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // No storage is allowed: the system's theme it is.
}
