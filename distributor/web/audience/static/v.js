// Tells distributor that this page is read: its address, once it is seen, and nothing else. No cookie, no storage.
// Readers who ask not to be followed (Do Not Track, Global Privacy Control) are not.
"use strict";
(() => {
  const here = document.currentScript;
  if (!here || navigator.globalPrivacyControl || navigator.doNotTrack === "1" || window.doNotTrack === "1") return;
  const to = new URL("v", here.src).href;
  const tell = () => {
    const canonical = document.querySelector('link[rel~="canonical"]');
    const page = (canonical && canonical.href) || location.href;
    fetch(to, {
      method: "POST",
      mode: "no-cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      keepalive: true,
      body: page + (navigator.webdriver ? "\ndriven" : ""),
    }).catch(() => {});
  };
  const seen = () => document.visibilityState === "visible" && !document.prerendering;
  let done = false;
  const once = () => {
    if (done || document.readyState === "loading" || !seen()) return;
    done = true;
    tell();
  };
  for (const event of ["DOMContentLoaded", "visibilitychange", "prerenderingchange"]) document.addEventListener(event, once);
  once();
})();
