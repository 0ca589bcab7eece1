// The page works without this, but for new calls, which then come by loading it again.
'use strict';
const calls = document.getElementById('calls');
const state = document.getElementById('state');
const KEPT = 200;
let due;

function local(root) {
  for (const time of root.querySelectorAll('time')) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString();
  }
}

// What the server renders is escaped there.
async function fill(element, path) {
  const answer = await fetch(path, { headers: { accept: 'text/html' } });
  if (answer.ok) element.innerHTML = await answer.text();
}

async function showFaults() {
  const list = document.getElementById('list');
  await fill(list, '/faults');
  const waiting = list.querySelectorAll('.armed:not(.spent)').length;
  document.getElementById('armed').textContent = waiting > 0 ? `(${waiting})` : '';
}

calls.addEventListener('toggle', (event) => {
  const call = event.target;
  if (call.open && call.dataset.number && !call.dataset.filled) {
    call.dataset.filled = 'yes';
    fill(call.querySelector('.detail'), `/requests/${call.dataset.number}?part=1`);
  }
}, true);

const events = new EventSource(`/events?after=${calls.dataset.last}`);
events.onopen = () => { state.textContent = state.dataset.on; };
events.onerror = () => { state.textContent = state.dataset.off; };
events.addEventListener('call', (event) => {
  const holder = document.createElement('template');
  holder.innerHTML = event.data;
  local(holder.content);
  calls.prepend(holder.content.firstElementChild);
  while (calls.childElementCount > KEPT) calls.lastElementChild.remove();
  // Once for many calls that come together.
  due ??= setTimeout(() => { due = undefined; showFaults(); }, 100);
});
local(document);
