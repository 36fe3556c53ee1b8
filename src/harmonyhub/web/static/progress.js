// Jobs on the page: their progress as it comes; at the end the page is loaded anew.

const AT_FIRST = { import: "Reading the file…", analyse: "Reading the file…", train: "Starting…",
  push: "Starting…", resolve: "Starting…", lists: "Starting…", evaluate: "Starting…" };
const LABELS = { queued: "waiting", running: "running", done: "done", failed: "failed" };
const number = (value) => value.toLocaleString("en").replaceAll(",", "\u202f");

const describe = (job) => {
  const { done, total, unit, message } = job.progress;
  if (job.state === "queued") return "Waiting for its turn.";
  const parts = [message || AT_FIRST[job.kind]];
  if (done) parts.push(total ? `${number(done)} of ${number(total)}` : number(done), unit);
  return parts.filter(Boolean).join(" ");
};

const showJob = (panel, job) => {
  const state = panel.querySelector("[data-job-state] .state");
  state.className = `state state-${job.state}`;
  state.textContent = LABELS[job.state];
  panel.querySelector("[data-job-text]").textContent = describe(job);
  const bar = panel.querySelector("[data-job-bar]");
  if (job.progress.total) {
    bar.max = job.progress.total;
    bar.value = job.progress.done;
  } else {
    bar.removeAttribute("value");
  }
};

const showLedger = async (id) => {
  const answer = await fetch(`/api/v1/imports/${id}`);
  if (!answer.ok) return;
  const ledger = await answer.json();
  for (const cell of document.querySelectorAll("[data-count]")) {
    cell.textContent = number(ledger[cell.dataset.count]);
  }
};

for (const panel of document.querySelectorAll("[data-job]")) {
  if (panel.querySelector(".state-done, .state-failed")) continue;
  const events = new EventSource(`/api/v1/jobs/${panel.dataset.job}/events`);
  events.addEventListener("progress", (event) => {
    showJob(panel, JSON.parse(event.data));
    if (panel.dataset.ledger) showLedger(panel.dataset.ledger);
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
}
