// While a library is being read: the table as it grows, until it is whole.

const LOOK_MS = 1500;
const LONGEST_MS = 600_000; // where no worker runs nothing comes
const until = Date.now() + LONGEST_MS;
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const look = async () => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  const shown = document.querySelector("[data-live]");
  if (!fresh || !shown) return false;
  for (const time of fresh.querySelectorAll("time[data-kind=moment]")) {
    time.textContent = moment.format(new Date(time.dateTime));
  }
  shown.replaceChildren(...fresh.childNodes);
  shown.dataset.live = fresh.dataset.live;
  return fresh.dataset.live === "reading";
};

const follow = async () => {
  let goesOn = true;
  try {
    goesOn = await look();
  } catch {
    // The service is away for a moment: the next look may find it.
  }
  if (goesOn && Date.now() < until) setTimeout(follow, LOOK_MS);
};

setTimeout(follow, LOOK_MS);
