// Runs before the page is drawn, so that the page never flashes in the other theme. So it is not a module.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is not allowed: the page has the system's theme.
}
