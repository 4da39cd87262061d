import "@fontsource-variable/inter/wght.css";

import { mount } from "svelte";

import App from "./App.svelte";
import "../../server/pages/static/tokens.css";
import "./app.css";

mount(App, { target: document.getElementById("app")! });
