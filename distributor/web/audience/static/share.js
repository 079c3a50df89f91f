// Fills <div class="distributor-share"> with the bar "share this post on ...". It may say data-url (else the page's
// canonical address), data-language (else the page's) and data-networks="x,mastodon,copy" (else all of them).
"use strict";
(() => {
  const here = document.currentScript;
  if (!here) return;
  const { networks, words } = "FILLED IN";
  const base = new URL(".", here.src).href;
  const own = { copy: () => !!(navigator.clipboard || document.queryCommandSupported?.("copy")), device: () => !!navigator.share };

  const element = (name, given = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const language = (place) => {
    const wanted = (place.dataset.language || place.closest("[lang]")?.lang || "").toLowerCase();
    const known = Object.keys(words);
    const short = (tag) => tag.toLowerCase().split("-")[0];
    return known.find((tag) => tag.toLowerCase() === wanted) || known.find((tag) => short(tag) === short(wanted)) || known[0];
  };

  const address = (place) => {
    const canonical = document.querySelector('link[rel~="canonical"]');
    return new URL(place.dataset.url || (canonical && canonical.href) || location.href, location.href).href;
  };

  // One word of what happened, and the page's address; who asks not to be followed is not.
  const tell = (what, url) => {
    if (navigator.globalPrivacyControl || navigator.doNotTrack === "1" || window.doNotTrack === "1") return;
    fetch(`${base}share/${what}`, {
      method: "POST",
      mode: "no-cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      keepalive: true,
      body: url + (navigator.webdriver ? "\ndriven" : ""),
    }).catch(() => {});
  };

  // Where the page is a frame, the clipboard may be closed to it: then the old way.
  const copied = async (url) => {
    try {
      await navigator.clipboard.writeText(url);
      return true;
    } catch {
      const field = element("textarea", { readonly: "" });
      Object.assign(field.style, { position: "fixed", opacity: "0" });
      field.value = url;
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  };

  const bar = (place) => {
    const tag = language(place);
    const say = words[tag];
    const url = address(place);
    const listed = (place.dataset.networks || "").split(/[\s,]+/).filter(Boolean);
    const all = [...Object.keys(networks), ...Object.keys(own)];
    const chosen = (listed.length ? listed.filter((one) => all.includes(one)) : all).filter((one) => !own[one] || own[one]());
    const said = element("p", { class: "ds-said", role: "status" });
    const link = (one) => {
      const to = `${base}share/${one}?u=${encodeURIComponent(url)}`;
      const given = { class: `ds-link ds-${one}`, part: "link", href: to, rel: "nofollow noopener" };
      if (one !== "email") given.target = "_blank";
      return element("a", given, networks[one] || say[one]);
    };
    const acts = {
      copy: async () => {
        said.textContent = "";
        const focused = place.shadowRoot?.activeElement;
        if (await copied(url)) {
          said.textContent = say.copied;
          tell("copy", url);
        }
        focused?.focus();
      },
      device: async () => {
        try {
          await navigator.share({ title: document.title, url });
          tell("device", url);
        } catch { /* the reader thought better of it */ }
      },
    };
    const button = (one) => {
      const made = element("button", { class: `ds-link ds-${one}`, part: "link", type: "button" }, say[one]);
      made.addEventListener("click", acts[one]);
      return made;
    };
    const items = chosen.map((one) => element("li", {}, own[one] ? button(one) : link(one)));
    return element(
      "div",
      { class: "ds-bar", part: "bar", role: "group", "aria-label": say.title, lang: tag, dir: say.dir },
      element("p", { class: "ds-title", part: "title", "aria-hidden": "true" }, say.title),
      element("ul", { role: "list" }, ...items),
      said,
    );
  };

  const fill = () => {
    for (const place of document.querySelectorAll(".distributor-share")) {
      if (place.shadowRoot) continue;
      const made = bar(place);
      const style = element("link", { rel: "stylesheet", href: `${base}share.css` });
      place.attachShadow({ mode: "open" }).append(style, made);
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", fill, { once: true });
  else fill();
})();
