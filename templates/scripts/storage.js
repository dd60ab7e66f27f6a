"use strict";
// What the page knows of the images, and what the reader has decided about them.
const audit = JSON.parse(document.getElementById("audit-data").textContent);
const STORE = "auditor:" + audit.fingerprint;
const decisions = new Map(); // path -> {decision, new_label}
const undone = []; // what to put back, newest last: lists of [path, decision before]

function make(tag, attributes, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) || "[]");
    for (const [path, decision] of kept) decisions.set(path, decision);
  } catch { /* a browser that keeps nothing: decisions last as long as the page */ }
}

function remember() {
  try {
    localStorage.setItem(STORE, JSON.stringify([...decisions]));
  } catch { /* as above */ }
}

function decide(changes) { // list of [path, decision or null]
  undone.push(changes.map(([path]) => [path, decisions.get(path) || null]));
  put(changes);
}

function put(changes) {
  for (const [path, decision] of changes) decision ? decisions.set(path, decision) : decisions.delete(path);
  remember();
  showDecisions();
}

function undo() {
  const last = undone.pop();
  if (last) put(last);
}
