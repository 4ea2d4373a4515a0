import { mount } from "svelte";
import App from "./App.svelte";
import { isolate } from "./isolation.js";
import { nextTask } from "./state/tasks.js";
import "./styles/base.css";

// not in the task that reads the scripts, which is long enough
void nextTask().then(() => mount(App, { target: document.getElementById("app") as HTMLElement }));

// Kept for times without a network. Not while it is being worked on: there every file changes.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("./sw.js").catch(() => {}); // no page is worse off without
  void isolate();
}
