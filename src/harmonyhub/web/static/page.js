// Every page: local times, the picker of users, feedback without a reload.

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const localizeTimes = (root) => {
  for (const time of root.querySelectorAll("time[data-kind]")) {
    const at = new Date(time.dateTime);
    time.textContent = (time.dataset.kind === "day" ? day : moment).format(at);
  }
};

const replaceMain = (html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("main");
  if (!fresh) return false;
  localizeTimes(fresh);
  const swap = () => {
    const main = document.querySelector("main");
    const isOpen = main.querySelector("details.said")?.open;
    main.replaceChildren(...fresh.childNodes);
    const said = main.querySelector("details.said");
    if (said && isOpen) said.open = true;
    main.querySelector(".banner button")?.focus({ preventScroll: true });
  };
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (document.startViewTransition && !isCalm) document.startViewTransition(swap);
  else swap();
  return true;
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-feedback]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const card = form.closest(".card");
  card?.classList.add("is-leaving");
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    if (answer.ok && replaceMain(await answer.text())) return;
  } catch {
    // The network is gone: the plain form below shows the browser's own message.
  }
  card?.classList.remove("is-leaving");
  const kind = document.createElement("input");
  Object.assign(kind, { type: "hidden", name: "kind", value: event.submitter.value });
  form.append(kind);
  form.submit();
});

for (const picker of document.querySelectorAll("[data-picker]")) {
  picker.querySelector("button").hidden = true;
  picker.addEventListener("change", () => picker.requestSubmit());
}

localizeTimes(document);
