// Drop zones: a file dropped or chosen goes up at once, with its progress on the page.

const showProgress = (form, state) => {
  const bar = document.createElement("progress");
  bar.max = 1;
  const words = document.createElement("p");
  state.replaceChildren(bar, words);
  form.classList.add("is-busy");
  return (share) => {
    bar.value = share;
    words.textContent = share < 1 ? `Sending, ${Math.round(share * 100)} %` : "Sent. Opening…";
  };
};

const showFault = (form, state, text) => {
  form.classList.remove("is-busy");
  const words = document.createElement("p");
  words.className = "fault";
  words.textContent = text;
  state.replaceChildren(words);
};

const faultOf = (request) => {
  try {
    const problem = JSON.parse(request.responseText);
    return `${problem.detail} ${problem.hint}`;
  } catch {
    return "The upload did not arrive. Try again.";
  }
};

const send = (form, file) => {
  const state = form.querySelector("[data-upload-state]");
  const show = showProgress(form, state);
  const body = new FormData();
  body.append("file", file);
  const request = new XMLHttpRequest(); // fetch tells nothing of what was sent so far
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) show(event.loaded / event.total);
  });
  request.addEventListener("load", () => {
    if (request.status < 400) location.assign(request.responseURL);
    else showFault(form, state, faultOf(request));
  });
  request.addEventListener("error", () => showFault(form, state, faultOf(request)));
  request.send(body);
};

for (const form of document.querySelectorAll("[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  form.classList.add("is-live");
  form.querySelector("button").hidden = true;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("change", () => input.files.length && send(form, input.files[0]));
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("is-over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("is-over");
    if (event.dataTransfer.files.length) send(form, event.dataTransfer.files[0]);
  });
}
