// The reader's time zone, as the browser has it: chosen and shown, never sent unseen.
"use strict";
(() => {
  const select = document.querySelector("select[data-guess]");
  const hint = document.getElementById("guessed");
  let zone = "";
  try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone || ""; } catch { return; }
  if (!select || !/^[A-Za-z0-9_+\-]+(\/[A-Za-z0-9_+\-]+){0,2}$/.test(zone) || zone === "Etc/Unknown") return;
  if (![...select.options].some((option) => option.value === zone)) select.add(new Option(zone, zone));
  select.value = zone;
  if (hint) hint.hidden = false;
})();
