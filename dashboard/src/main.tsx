/** The start of the page: colours first, so that nothing flashes, then the app. */
import { render } from "preact";
import { App } from "./app.tsx";
import { applyScheme, schemeOf, storedChoice } from "./theme.ts";
import "./style/base.css";
import "./style/controls.css";
import "./style/header.css";
import "./style/notes.css";
import "./style/tiles.css";
import "./style/panels.css";
import "./style/sign-in.css";
import "./style/narrow.css";

applyScheme(schemeOf(storedChoice()));
const root = document.getElementById("app");
if (root) render(<App />, root);
