// Fills <div class="distributor-trending"> with the list of what is trending. It may say data-category and data-limit.
"use strict";
(() => {
  const here = document.currentScript;
  if (!here) return;
  const base = new URL(".", here.src).href;

  const element = (name, given = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const item = (article, category) => {
    const link = element("a", { class: "dt-link", part: "link", href: article.link, dir: "auto" }, article.title || article.url);
    if (article.language) link.lang = article.language;
    const line = element("li", { part: "item" }, link);
    const [first] = article.categories;
    if (first && !category) line.append(element("span", { class: "dt-category", part: "category", dir: "auto" }, first));
    return line;
  };

  const fill = async (place) => {
    const asked = new URLSearchParams();
    for (const name of ["category", "limit"]) if (place.dataset[name]) asked.set(name, place.dataset[name]);
    let told;
    try {
      const answer = await fetch(`${base}trending.json?${asked}`, { credentials: "omit", referrerPolicy: "no-referrer" });
      if (!answer.ok) return;
      told = await answer.json();
    } catch { return; } // what stands in the element stays
    const web = (article) => /^https?:/.test(article.link);
    const items = told.articles.filter(web).map((article) => item(article, told.category));
    if (!items.length || place.shadowRoot) return;
    const style = element("link", { rel: "stylesheet", href: `${base}trending.css` });
    place.attachShadow({ mode: "open" }).append(style, element("ol", { class: "dt-list", part: "list", role: "list" }, ...items));
  };

  const all = () => { for (const place of document.querySelectorAll(".distributor-trending")) fill(place); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all, { once: true });
  else all();
})();
