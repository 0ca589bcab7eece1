// Shows the calls of the sandbox. Texts of clients go only into text nodes and properties.
'use strict';
const KEPT = 200;
const find = (id) => document.getElementById(id);
const rows = find('rows');
const detail = find('detail');
const calls = new Map();
const shown = new Map();
let language = (localStorage.getItem('language') ?? navigator.language ?? 'en').startsWith('zh') ? 'zh' : 'en';
let filter = 'all';
let chosen = 0;
let opened;
let gateway = { origin: location.origin, mch_id: '', effects: [] };
let queue = [];

const say = (word) => WORDS[language][word] ?? word;

// Makes an element with properties and children; strings become text nodes.
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child || child === 0));
  return element;
}

function size(bytes) {
  if (bytes === null || bytes === undefined) return '–';
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

const clock = (time) => {
  const date = new Date(time);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};
const message = (finding) => (language === 'zh' ? finding.message_zh : finding.message);
const isAccepted = (call) => call.verdict !== null && call.verdict.code === null;

function kind(call) {
  if (call.faults.length > 0) return 'fault';
  if (!isAccepted(call)) return 'bad';
  return call.findings.length > 0 ? 'odd' : 'good';
}

function outcome(call) {
  if (call.verdict === null || call.answer === null) return say('cut');
  // The code of a fault replaces that of the rules.
  if (call.answer.code && call.faults.length > 0) return call.answer.code;
  return isAccepted(call) ? say('accepted') : call.verdict.code;
}

// The reason in one line: the fault, the finding about the broken rule, or the rule.
function reason(call) {
  if (call.faults.length > 0) return `${say('met')} ${call.faults.join(', ')}`;
  if (isAccepted(call)) return call.findings.length > 0 ? message(call.findings[0]) : '';
  const broken = call.checks?.find((check) => typeof check.outcome === 'object')?.rule;
  const starts = {
    'client certificate': ['certificate'],
    'required fields': ['field', 'text'],
    merchant: ['merchant', 'certificate'],
    signature: ['signature'],
    picture: ['media'],
    hash: ['hash'],
  }[broken];
  const about = starts
    ? call.findings.find((finding) => starts.some((start) => finding.code.startsWith(start)))
    : call.findings[0];
  return about ? message(about) : (call.verdict?.message ?? '');
}

function row(call) {
  const name = make('span', { class: 'name' }, call.file_name ?? '–');
  const why = reason(call);
  if (why) name.append(make('span', { class: 'reason', title: why }, why));
  const picture = call.picture
    ? make('img', { class: 'thumb', src: `/requests/${call.number}/media`, alt: '', loading: 'lazy', decoding: 'async' })
    : make('span', { class: 'thumb none' });
  const said = outcome(call);
  return make('div', {
    class: `call row ${kind(call)}`, id: `call-${call.number}`, role: 'option',
    'aria-selected': call.number === chosen, onclick: () => open(call.number),
  },
  make('span', { class: 'id' }, String(call.number)),
  make('time', { dateTime: call.time }, clock(call.time)),
  make('span', { class: 'outcome' }, make('span', { class: 'pill', title: said }, said)),
  picture, name,
  make('span', { class: 'number' }, size(call.media_length)),
  make('span', { class: 'sign' }, call.sign_type ?? '–'),
  make('span', { class: 'client', title: call.client }, call.client));
}

function matches(call) {
  if (filter !== 'all' && kind(call) !== filter) return false;
  const wanted = find('search').value.trim().toLowerCase();
  if (!wanted) return true;
  const texts = [`#${call.number}`, call.file_name, call.client, call.merchant, call.sign_type, outcome(call), reason(call)];
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}

function add(call) {
  calls.set(call.number, call);
  shown.get(call.number)?.remove();
  const element = row(call);
  element.hidden = !matches(call);
  shown.set(call.number, element);
  return element;
}

// Draws all calls that came since the last frame.
function draw() {
  const waiting = queue.slice(-KEPT);
  queue = [];
  rows.prepend(...waiting.map(add).reverse());
  for (const number of [...calls.keys()].slice(0, Math.max(0, calls.size - KEPT))) {
    calls.delete(number);
    shown.get(number).remove();
    shown.delete(number);
  }
  count();
}

function count() {
  const counts = { all: calls.size, good: 0, odd: 0, bad: 0, fault: 0 };
  for (const call of calls.values()) counts[kind(call)] += 1;
  find('filters').replaceChildren(...Object.entries(counts).map(([name, number]) => make('button', {
    'aria-pressed': name === filter, onclick: () => { filter = name; sift(); },
  }, say(name), make('b', {}, String(number)))));
  const visible = [...shown.values()].some((element) => !element.hidden);
  find('none').hidden = visible;
  find('none').textContent = say(calls.size > 0 ? 'no_match' : 'none');
}

function sift() {
  for (const [number, element] of shown) element.hidden = !matches(calls.get(number));
  count();
}

function choose(number) {
  shown.get(chosen)?.setAttribute('aria-selected', 'false');
  chosen = number;
  shown.get(chosen)?.setAttribute('aria-selected', 'true');
  shown.get(chosen)?.scrollIntoView({ block: 'nearest' });
}

async function open(number) {
  choose(number);
  const answer = await fetch(`/requests/${number}`, { headers: { accept: 'application/json' } });
  if (!answer.ok || chosen !== number) return;
  opened = { ...(calls.get(number) ?? {}), ...(await answer.json()) };
  if (chosen !== number) return;
  detail.hidden = false;
  detail.scrollTop = 0;
  render(opened);
  shown.get(number)?.scrollIntoView({ block: 'nearest' });
}

function close() {
  detail.hidden = true;
  opened = undefined;
  if (location.pathname !== '/') history.replaceState(null, '', '/');
  find('calls').focus();
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(call) {
  const words = ["curl --noproxy '*' --cacert ca.pem --cert apiclient_cert.pem --key apiclient_key.pem"];
  for (const field of call.fields) {
    if (field.file_name === null) {
      words.push(`--form-string ${quoted(`${field.name}=${field.value ?? ''}`)}`);
    } else {
      const name = field.file_name.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
      const type = field.content_type ? `;type=${field.content_type}` : '';
      words.push(`-F ${quoted(`${field.name}=@"${name}"${type}`)}`);
    }
  }
  if (call.fields.length === 0) words.push(`-X ${call.method}`);
  return [...words, quoted(gateway.origin + call.path)].join(' \\\n  ');
}

const head = (call) => [`${call.method} ${call.path} HTTP/1.1`, ...call.headers.map((pair) => pair.join(': ')), '', ''].join('\r\n');

let fading;
function toast(text) {
  find('toast').textContent = text;
  find('toast').classList.add('on');
  clearTimeout(fading);
  fading = setTimeout(() => find('toast').classList.remove('on'), 1200);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(say('copied'));
  } catch {
    toast(say('cannot_copy'));
  }
}

const section = (word, ...beside) => make('h3', {}, say(word), ...beside);
const button = (word, action) => make('button', { class: 'quiet', onclick: action }, say(word));
const table = (pairs) => make('table', {}, make('tbody', {}, ...pairs.map(([name, value]) => make('tr', {}, make('th', {}, name), make('td', {}, value)))));

function render(call) {
  const certificate = call.client_certificate;
  const own = certificate && `${certificate.subject} (${certificate.serial_number}) – ${certificate.refused ?? say('valid')}`;
  const checks = call.checks.map((check) => {
    const how = typeof check.outcome === 'object' ? check.outcome.broken : '';
    const name = language === 'zh' ? check.rule_zh : check.rule;
    return make('li', { class: how ? 'broken' : check.outcome }, how ? `${name}: ${how}` : name);
  });
  const findings = call.findings.map((finding) => make('li', {}, make('code', { class: 'mono' }, finding.code), message(finding)));
  const fields = call.fields.map((field) => [field.name, field.value
    ?? [field.file_name, field.content_type, size(field.length)].filter((part) => part !== null).join(' · ')]);
  const media = `/requests/${call.number}/media`;
  const picture = call.picture
    ? make('a', { href: media }, make('img', { class: 'shown', src: media, alt: call.file_name ?? 'media' }))
    : call.media_length !== null && make('p', {}, make('a', { href: media, download: 'media' }, say('save_media')));
  const raw = make('pre', { class: 'raw' });
  const note = make('span', { class: 'dim' });
  const response = call.answer === null ? make('p', { class: 'dim' }, say('was_cut'))
    : make('pre', {}, `HTTP/1.1 ${call.answer.status}\ncontent-type: ${call.answer.content_type}\n\n${call.answer.body}`);
  const facts = [[say('client'), call.client], [say('certificate'), own ?? say('no_certificate')], [say('tls'), call.tls_version],
    [say('received'), `${(call.received_in * 1000).toFixed(1)} ms`]];
  detail.replaceChildren(...[
    make('div', { class: 'top' }, make('span', { class: `pill ${kind(call)}` }, outcome(call)),
      make('h2', {}, `#${call.number} ${call.file_name ?? ''}`), make('span', { class: 'space' }),
      make('button', { id: 'copy-curl', onclick: () => copy(curl(call)) }, say('curl')),
      make('a', { href: `/requests/${call.number}` }, say('alone')),
      make('button', { class: 'quiet', 'aria-label': say('close'), onclick: close }, '✕')),
    make('p', { class: 'why' }, call.verdict?.description ? `${call.verdict.description}: ${call.verdict.message}` : call.verdict?.message ?? ''),
    picture,
    section('findings'), findings.length > 0 ? make('ul', { class: 'findings' }, ...findings) : make('p', { class: 'dim' }, say('nothing')),
    section('checks'), make('ol', { class: 'checks' }, ...checks),
    section('canonical', call.canonical !== null && button('copy', () => copy(call.canonical))), make('pre', { id: 'canonical' }, call.canonical ?? '–'),
    section('fields'), table(fields),
    section('response', call.answer !== null && button('copy', () => copy(call.answer.body))), response,
    section('request', button('copy_text', () => copy(raw.textContent)), button('copy_base64', () => base64(call)),
      make('a', { href: `/requests/${call.number}/body`, download: 'body' }, say('save')), note), raw,
    section('headers'), table([...facts, ...call.headers]),
  ].filter(Boolean));
  showBody(call, raw, note);
}

async function body(call) {
  const answer = await fetch(`/requests/${call.number}/body`);
  return { bytes: new Uint8Array(await answer.arrayBuffer()), isCut: answer.headers.get('x-body-cut') === 'true' };
}

async function showBody(call, raw, note) {
  const { bytes, isCut } = await body(call);
  // The beginning only: all bytes can be copied and saved.
  const text = new TextDecoder().decode(bytes.subarray(0, 4096)).replace(/[^\n\r\t\x20-\x7e\u00a1-\ufffc]/g, '·');
  raw.textContent = head(call) + text + (bytes.length > 4096 ? '\n…' : '');
  note.textContent = isCut ? say('body_cut')(bytes.length, call.body_length) : say('body_exact')(bytes.length);
}

async function base64(call) {
  const { bytes } = await body(call);
  const pieces = [new TextEncoder().encode(head(call)), bytes];
  const reader = new FileReader();
  reader.onload = () => copy(reader.result.split(',')[1] ?? '');
  reader.readAsDataURL(new Blob(pieces));
}

const ERRORS = /^(method|invalid|certificate-req|entry|sign-|param|image|merchant|frequency|system)/;
const LINE = /^(rate|delay|cut)/;

function drawEffects() {
  const groups = { errors: [], documents: [], line: [] };
  for (const effect of gateway.effects) {
    const group = ERRORS.test(effect) ? 'errors' : LINE.test(effect) ? 'line' : 'documents';
    groups[group].push(make('button', { type: 'button', value: effect, onclick: () => inject(effect) }, effect));
  }
  find('effects').replaceChildren(...Object.entries(groups).flatMap(([word, buttons]) => [section(word), make('div', { class: 'group' }, ...buttons)]));
}

async function faults(answer) {
  const list = await (answer ?? await fetch('/faults')).json();
  if (list.error) return;
  find('active').textContent = list.filter((fault) => !fault.spent).length || '';
  find('list').replaceChildren(...list.reverse().map((fault) => make('li', { class: fault.spent ? 'spent' : '' },
    make('code', { class: 'code' }, fault.text), make('span', { class: 'dim' }, `${say('hits')}: ${fault.hits}`),
    make('button', { class: 'quiet', onclick: async () => faults(await fetch(`/faults/${fault.id}`, { method: 'DELETE' })) }, say('remove')))));
}

// A button injects its effect with the conditions; the text is a whole fault.
async function inject(effect) {
  const given = new FormData(find('inject'));
  const conditions = new URLSearchParams({ fault: effect || given.get('text') });
  if (effect) for (const name of ['next', 'every', 'file']) conditions.set(name, given.get(name));
  const answer = await fetch('/faults', { method: 'POST', body: conditions });
  find('error').textContent = answer.ok ? '' : (await answer.json()).error;
  faults();
}

function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const [attribute, property] of [['word', 'textContent'], ['placeholder', 'placeholder'], ['title', 'title'], ['label', 'ariaLabel']]) {
    for (const element of document.querySelectorAll(`[data-${attribute}]`)) element[property] = say(element.dataset[attribute]);
  }
  find('language').textContent = say('other');
  find('merchant').textContent = `${say('merchant')} ${gateway.mch_id}`;
  find('gateway').textContent = `POST ${gateway.origin}/secapi/mch/uploadmedia`;
  const state = find('state');
  state.textContent = state.className && say(state.className === 'on' ? 'live' : 'lost');
  for (const [number, element] of shown) {
    const translated = row(calls.get(number));
    element.replaceWith(translated);
    shown.set(number, translated);
  }
  drawEffects();
  sift();
  faults();
  if (opened) render(opened);
}

function connected(isOn) {
  find('state').className = isOn ? 'on' : 'off';
  find('state').textContent = say(isOn ? 'live' : 'lost');
}

function toggleFaults() {
  find('faults').hidden = !find('faults').hidden;
  find('show-faults').ariaExpanded = String(!find('faults').hidden);
}

// Chooses the next visible call; down is older.
function step(down) {
  const visible = [...rows.children].filter((element) => !element.hidden);
  const at = visible.findIndex((element) => element.id === `call-${chosen}`);
  const next = visible[at < 0 ? 0 : Math.min(Math.max(at + (down ? 1 : -1), 0), visible.length - 1)];
  if (!next) return;
  const number = Number(next.id.slice(5));
  if (detail.hidden) choose(number); else open(number);
}

document.addEventListener('keydown', (event) => {
  const isTyping = event.target.matches('input');
  if (event.key === 'Escape') {
    if (isTyping) event.target.blur();
    else if (!detail.hidden) close();
    return;
  }
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = {
    ArrowDown: () => step(true), j: () => step(true), ArrowUp: () => step(false), k: () => step(false),
    Enter: event.target.matches('button, a') || !chosen ? undefined : () => open(chosen),
    '/': () => find('search').focus(), f: toggleFaults, c: opened && (() => copy(curl(opened))),
  }[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
find('search').addEventListener('input', sift);
find('gateway').addEventListener('click', () => copy(`${gateway.origin}/secapi/mch/uploadmedia`));
find('show-faults').addEventListener('click', toggleFaults);
find('inject').addEventListener('submit', (event) => { event.preventDefault(); inject(); });
find('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh';
  localStorage.setItem('language', language);
  translate();
});
find('clear').addEventListener('click', async () => {
  await fetch('/requests', { method: 'DELETE' });
  calls.clear();
  shown.clear();
  rows.replaceChildren();
  close();
  count();
});

async function start() {
  gateway = await (await fetch('/gateway')).json();
  translate();
  const events = new EventSource('/events?after=0');
  events.onopen = () => connected(true);
  events.onerror = () => connected(false);
  let due;
  events.addEventListener('call', (event) => {
    if (queue.push(JSON.parse(event.data)) === 1) requestAnimationFrame(draw);
    // Once for several calls.
    due ??= setTimeout(() => { due = undefined; faults(); }, 100);
  });
  const alone = location.pathname.match(/^\/requests\/(\d+)$/);
  if (alone) open(Number(alone[1]));
}
start();
