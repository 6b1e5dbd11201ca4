// One page for both GraphQL endpoints and REST. GraphiQL's stores are the page's, so one of it is there at a time.
import { Component, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { StorageContextProvider, ToolbarButton, useEditorContext } from "@graphiql/react";
import { buildClientSchema } from "graphql";
import "graphiql/style.css";
import "./style.css";
import { curl, python } from "./copy.js";
import { examples } from "./examples.js";
import { Rest, useStored } from "./rest.jsx";
import { ask, authorized } from "./server.js";

const PLACES = { graphql: "Records", metadata: "Data model", rest: "REST" };
const readOnly = document.documentElement.dataset.readOnly === "true";
const link = new URLSearchParams(location.search);

/** What each endpoint remembers, apart from the other. */
const storage = (endpoint) => ({
  getItem: (key) => localStorage.getItem(`${endpoint}:${key}`),
  setItem: (key, value) => localStorage.setItem(`${endpoint}:${key}`, value),
  removeItem: (key) => localStorage.removeItem(`${endpoint}:${key}`),
  clear: () => Object.keys(localStorage).filter((key) => key.startsWith(`${endpoint}:`)).forEach((key) => localStorage.removeItem(key)),
  get length() {
    return Object.keys(localStorage).filter((key) => key.startsWith(`${endpoint}:`)).length;
  },
});

const fetcher = (endpoint) => ({ query, variables, operationName }) => ask("/run", { query, variables, operationName, endpoint });

function parsed(variables) {
  try {
    return variables?.trim() ? JSON.parse(variables) : {};
  } catch (error) {
    throw new Error(`The variables are not JSON: ${error.message}`);
  }
}

/** Keys that would choose the next example unseen open the list instead. */
function listFirst(event) {
  if (event.key === "Tab" || event.ctrlKey || event.metaKey || event.altKey || !event.target.showPicker) return;
  if (event.key.length > 1 && !/^(Arrow|Page|Home|End|Enter)/.test(event.key)) return;
  event.preventDefault();
  event.target.showPicker();
}

function Tools({ endpoint, schema, copied }) {
  const editor = useEditorContext({ nonNull: true });
  const { queryEditor, variableEditor, responseEditor } = editor;
  useEffect(() => {
    // Tab moves on, as everywhere: Ctrl+] and Ctrl+[ indent.
    for (const pane of [queryEditor, variableEditor, responseEditor]) {
      pane?.addKeyMap({ Tab: false, "Shift-Tab": false });
    }
  }, [queryEditor, variableEditor, responseEditor]);
  const { activeTabIndex, tabs } = editor;
  useEffect(() => {
    document.querySelector(".graphiql-tab-active")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [activeTabIndex, tabs.length]);
  const offered = useMemo(() => (schema ? examples(schema, endpoint) : []), [schema, endpoint]);

  function open(title) {
    const chosen = offered.find((example) => example.title === title);
    if (!chosen) return;
    if (queryEditor.getValue().trim()) editor.addTab();
    // A new tab empties the editors once it is there.
    setTimeout(() => queryEditor.setValue(chosen.query));
  }

  async function copy(what, text) {
    try {
      await navigator.clipboard.writeText(await text(queryEditor.getValue(), parsed(variableEditor.getValue())));
      copied(what);
    } catch (error) {
      copied("", error.message);
    }
  }

  const operationName = () => queryEditor.operationName || undefined;
  const address = (query, variables) => {
    const said = new URLSearchParams({ endpoint, query });
    if (Object.keys(variables).length) said.set("variables", JSON.stringify(variables));
    return `${location.origin}/?${said}`;
  };
  return (
    <>
      <select className="examples" aria-label="Examples" title="Examples" value="" onKeyDown={listFirst} onChange={(event) => open(event.target.value)}>
        <option value="">☰</option>
        {offered.map(({ title }) => (
          <option key={title}>{title}</option>
        ))}
      </select>
      <ToolbarButton label="Copy as Python" onClick={() => copy("Python", (query, variables) => python({ query, variables, endpoint, operationName: operationName() }))}>
        <b>Py</b>
      </ToolbarButton>
      <ToolbarButton label="Copy as curl" onClick={() => copy("curl", (query, variables) => curl(`/${endpoint}`, { query, variables, operationName: operationName() }))}>
        <b>$_</b>
      </ToolbarButton>
      <ToolbarButton label="Copy as .graphql, for queries/" onClick={() => copy(".graphql", (query) => `${query.trim()}\n`)}>
        <b>.gql</b>
      </ToolbarButton>
      <ToolbarButton label="Copy a link to this query" onClick={() => copy("link", address)}>
        <b>URL</b>
      </ToolbarButton>
    </>
  );
}

/** GraphiQL keeps one storage for the page: until it is this one, GraphiQL would show the tabs of the endpoint before. */
function Stored({ storage: wanted, children }) {
  const [set, setSet] = useState(false);
  useEffect(() => setSet(true), []);
  return set ? children : <StorageContextProvider storage={wanted}><i /></StorageContextProvider>;
}

function Editor({ endpoint, schema, problem, copied }) {
  const linked = (link.get("endpoint") ?? "graphql") === endpoint && link.has("query");
  const opened = linked ? [{ query: link.get("query"), variables: link.get("variables") ?? "" }] : undefined;
  useEffect(() => {
    if (linked) history.replaceState(null, "", location.pathname);
  }, [linked]);
  const store = useMemo(() => {
    const kept = storage(endpoint);
    // What a link asks for is opened beside what was there before.
    if (opened) {
      const { tabs = [], activeTabIndex } = JSON.parse(kept.getItem("graphiql:tabState") || "{}");
      const tab = { id: crypto.randomUUID(), title: "<untitled>", headers: null, operationName: null, response: null, ...opened[0] };
      kept.setItem("graphiql:tabState", JSON.stringify({ tabs: [...tabs, tab], activeTabIndex: tabs.length, was: activeTabIndex }));
      for (const part of ["query", "variables"]) kept.setItem(`graphiql:${part}`, opened[0][part]);
    }
    return kept;
  }, [endpoint]);
  const send = useMemo(() => fetcher(endpoint), [endpoint]);
  if (problem) return <p className="problem bad" role="alert">{problem}</p>;
  return (
    <Stored storage={store}>
      <GraphiQL
        fetcher={send}
        schema={schema ?? null}
        dangerouslyAssumeSchemaIsValid
        storage={store}
        isHeadersEditorEnabled={false}
        shouldPersistHeaders={false}
        defaultEditorToolsVisibility="variables"
        defaultQuery={endpoint === "graphql" ? "{\n  companies(first: 5) {\n    totalCount\n    edges { node { id name } }\n  }\n}\n" : "{\n  currentWorkspace { id displayName }\n}\n"}
      >
        <GraphiQL.Logo> </GraphiQL.Logo>
        <GraphiQL.Toolbar>
          {({ prettify, copy, merge }) => (
            <>
              {prettify}
              {merge}
              {copy}
              <Tools endpoint={endpoint} schema={schema} copied={copied} />
            </>
          )}
        </GraphiQL.Toolbar>
      </GraphiQL>
    </Stored>
  );
}

function App() {
  const [place, setPlace] = useStored("place", "graphql");
  const [schemas, setSchemas] = useState({});
  const [problems, setProblems] = useState({});
  const [said, setSaid] = useState({ text: "", bad: false });
  const [held, setHeld] = useState(null);
  const endpoint = place === "rest" ? "graphql" : place;

  useEffect(() => {
    if (link.has("endpoint") && link.get("endpoint") in PLACES) setPlace(link.get("endpoint"));
    authorized().then(setHeld);
  }, []);
  useEffect(() => {
    if (!held || schemas[endpoint] || problems[endpoint]) return;
    ask(`/schema/${endpoint}`)
      .then((answer) => {
        if (answer.errors) throw new Error(answer.errors[0].message);
        setSchemas((known) => ({ ...known, [endpoint]: buildClientSchema(answer.data) }));
      })
      .catch((error) => setProblems((known) => ({ ...known, [endpoint]: error.message })));
  }, [held, endpoint]);

  useEffect(() => {
    if (!said.text) return undefined;
    const timer = setTimeout(() => setSaid({ text: "", bad: false }), 8000);
    return () => clearTimeout(timer);
  }, [said]);

  const copied = (what, problem) => setSaid(problem ? { text: problem, bad: true } : { text: `Copied: ${what}.`, bad: false });
  const plurals = Object.values(schemas.graphql?.getQueryType()?.getFields() ?? {})
    .filter((field) => String(field.type).endsWith("Connection") || String(field.type).endsWith("Connection!"))
    .map((field) => field.name);
  if (held === null) return null;
  if (!held) return <p className="problem" role="alert">Open the address that <code>aiotwenty playground</code> printed.</p>;
  return (
    <>
      <header>
        <h1>aiotwenty playground</h1>
        <nav aria-label="Endpoint">
          {Object.entries(PLACES).map(([name, label]) => (
            <button key={name} aria-current={place === name ? "page" : undefined} onClick={() => setPlace(name)}>
              {label} <small>/{name}</small>
            </button>
          ))}
        </nav>
        {readOnly && <strong className="tag">only reads</strong>}
        <span role="status" className={said.bad ? "bad" : ""}>{said.text}</span>
      </header>
      <main>
        {place === "rest" ? (
          <Rest plurals={plurals} readOnly={readOnly} copied={copied} />
        ) : (
          <Editor key={place} endpoint={place} schema={schemas[place]} problem={problems[place]} copied={copied} />
        )}
      </main>
    </>
  );
}

class Shown extends Component {
  state = { problem: "" };
  static getDerivedStateFromError(error) {
    return { problem: String(error) };
  }
  render() {
    return this.state.problem ? <p className="problem bad" role="alert">{this.state.problem}</p> : this.props.children;
  }
}

createRoot(document.getElementById("app")).render(
  <Shown>
    <App />
  </Shown>,
);
