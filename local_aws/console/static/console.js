// While something on a page goes on, asks for that part again every two seconds. Without it everything works by reloading.
"use strict";

const SECONDS = 2;
let paused = false;
let news = null;

function region() {
  return document.getElementById("live");
}

function opened(part) {
  return [...part.querySelectorAll("details")].map((each) => each.open);
}

// What a person has opened, scrolled and focused stays as it is.
function replace(text) {
  const before = region();
  const parsed = new DOMParser().parseFromString(text, "text/html").getElementById("live");
  if (!parsed) return;
  if (parsed.innerHTML !== before.innerHTML) {
    const open = opened(before);
    const scrolled = [...before.querySelectorAll(".scroll, .graph")].map((each) => [each.scrollLeft, each.scrollTop]);
    const links = [...before.querySelectorAll("a, summary, button, [tabindex]")];
    const place = links.indexOf(document.activeElement);
    before.replaceChildren(...parsed.childNodes);
    before.querySelectorAll("details").forEach((each, i) => { each.open = open[i] || false; });
    before.querySelectorAll(".scroll, .graph").forEach((each, i) => { [each.scrollLeft, each.scrollTop] = scrolled[i] || [0, 0]; });
    if (place >= 0) before.querySelectorAll("a, summary, button, [tabindex]")[place]?.focus({ preventScroll: true });
  }
  before.dataset.live = parsed.dataset.live;
  before.dataset.news = parsed.dataset.news;
  announce(parsed.dataset.news);
}

function announce(text) {
  if (news !== null && text && text !== news) document.getElementById("news").textContent = text;
  news = text;
}

function say(text) {
  const fresh = document.getElementById("fresh");
  if (fresh) fresh.querySelector("span").textContent = text;
}

async function refresh() {
  if (!paused && !document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { "X-Fragment": "1" } });
      if (answer.ok) {
        replace(await answer.text());
        say(`Live, as of ${new Date().toLocaleTimeString()}`);
      } else {
        say(`The local AWS answered ${answer.status}.`);
      }
    } catch {
      say("The local AWS does not answer.");
    }
  }
  if (region().dataset.live === "yes") setTimeout(refresh, SECONDS * 1000);
  else document.getElementById("fresh")?.replaceChildren();
}

function begin() {
  const fresh = document.getElementById("fresh");
  if (!fresh || region()?.dataset.live !== "yes") return;
  announce(region().dataset.news);
  const text = document.createElement("span");
  text.textContent = "Live";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Pause";
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Go on" : "Pause";
    if (paused) say("Paused");
  });
  fresh.replaceChildren(text, " ", button);
  setTimeout(refresh, SECONDS * 1000);
}

// A graph begins at its top, which is in its middle.
for (const graph of document.querySelectorAll(".graph")) graph.scrollLeft = (graph.scrollWidth - graph.clientWidth) / 2;
begin();
