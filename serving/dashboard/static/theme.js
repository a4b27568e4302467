// Before anything is drawn: the theme that was chosen, else the one of the machine.
(() => {
  const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
