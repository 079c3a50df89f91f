// Keeps the page as it is in the ledger: asks what changed, and puts that in place. Without it the page renews itself.
const main = document.querySelector("main[data-live]");
const pulse = document.getElementById("pulse");
const news = document.getElementById("news");
const EVERY = 1000;
const PATIENCE = 15000;
let wait = EVERY;

function say(state, words) {
  pulse.hidden = false;
  pulse.dataset.state = state;
  const said = pulse.querySelector("[data-says]");
  if (said.textContent !== words) said.textContent = words;
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// A replaced element takes the keyboard's focus with it, so it is given back to its successor.
function keepingFocus(change) {
  const focused = document.activeElement;
  const story = focused?.closest("[data-id]")?.id;
  const href = focused?.getAttribute("href");
  change();
  if (!focused || focused.isConnected || !href) return;
  const home = (story && document.getElementById(story)) || main;
  home.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
}

function place(stream, update) {
  document.getElementById("empty")?.remove();
  const shown = new Map([...stream.children].map((story) => [story.dataset.id, story]));
  let fresh = 0;
  let next = stream.firstElementChild;
  for (const id of update.order) {
    const old = shown.get(String(id));
    const html = update.articles[id];
    let story = old;
    if (html) {
      story = fragment(html).firstElementChild;
      const scrolled = old?.querySelector(".posts")?.scrollLeft ?? 0;
      if (old) {
        if (old === next) next = story;
        old.replaceWith(story);
        story.classList.add("changed");
        const posts = story.querySelector(".posts");
        if (posts) posts.scrollLeft = scrolled;
      } else {
        fresh += 1;
        story.classList.add("fresh");
      }
    }
    shown.delete(String(id));
    if (!story) continue;
    if (story === next) next = next.nextElementSibling;
    else stream.insertBefore(story, next);
  }
  for (const gone of shown.values()) gone.remove();
  return fresh;
}

function apply(update) {
  keepingFocus(() => {
    const overview = document.getElementById("overview");
    if (update.overview !== null) overview.replaceChildren(fragment(update.overview));
    const fresh = place(document.getElementById("stream"), update);
    if (fresh) news.textContent = fresh === 1 ? "1 new article" : `${fresh} new articles`;
  });
  main.dataset.live = update.token;
  ages();
}

async function renew() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (!page) return;
  keepingFocus(() => main.replaceChildren(...page.childNodes));
  main.dataset.live = page.dataset.live;
  ages();
}

async function look() {
  const answer = await fetch(`/live?since=${encodeURIComponent(main.dataset.live)}`, { cache: "no-store" });
  if (answer.status === 204) return;
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  if (document.getElementById("stream")) apply(await answer.json());
  else await renew();
}

function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return null;
}

function ages() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    time.dataset.clock ??= time.textContent;
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const words = (seconds > -2 && ago(Math.max(seconds, 0))) || time.dataset.clock;
    if (time.textContent !== words) time.textContent = words;
  }
}

async function beat() {
  if (!document.hidden) {
    try {
      await look();
      wait = EVERY;
      say("live", "live");
    } catch {
      wait = Math.min(wait * 2, PATIENCE);
      say("lost", "no answer");
    }
  }
  setTimeout(beat, wait);
}

document.addEventListener("visibilitychange", ages);
ages();
setInterval(ages, 5000);
if (main) beat();
