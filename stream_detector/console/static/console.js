// What the page does by itself: keys, the choice of dark or light, and telling when nothing comes any more.
(() => {
  const KEYS = {
    j: "down", ArrowDown: "down", k: "up", ArrowUp: "up", x: "select", Enter: "open",
    a: "acknowledge", s: "shelve", u: "unshelve", c: "comment", l: "label", o: "out-of-service", i: "in-service",
    n: "next", p: "previous", Escape: "clear",
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector(".q-dialog")) return;
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      document.querySelector(".search input")?.focus();
      event.preventDefault();
      return;
    }
    // Buttons and links do themselves what Enter does to them.
    if (event.key === "Enter" && event.target.closest("a, button")) return;
    const region = document.querySelector(".keys-here");
    const act = KEYS[event.key];
    if (region && act) {
      region.dispatchEvent(new CustomEvent("sdkey", { detail: act }));
      event.preventDefault();
    }
  });

  // The clock is sent every second: when it stands still, so does everything else on the page.
  let clock = "", heard = Date.now();
  setInterval(() => {
    const now = document.getElementById("clock")?.textContent;
    if (now !== clock) {
      clock = now;
      heard = Date.now();
    }
    document.body.classList.toggle("lost", Date.now() - heard > 4000);
  }, 1000);

  // A console that was started anew knows nobody any more: loaded again, the page is the sign-in form.
  setInterval(async () => {
    if (!document.body.classList.contains("lost")) return;
    const asked = { method: "HEAD", signal: AbortSignal.timeout(4000) };
    const answer = await fetch(location.href, asked).catch(() => null);
    if (answer?.status === 401) location.reload();
  }, 5000);

  const dark = () => ({ dark: true, light: false })[localStorage.getItem("look")] ?? "auto";
  document.addEventListener("DOMContentLoaded", () => window.Quasar?.Dark.set(dark()));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-look]")) return;
    localStorage.setItem("look", window.Quasar.Dark.isActive ? "light" : "dark");
    window.Quasar.Dark.set(dark());
  });
})();
