// The REST API: a method, a path, a body; what the client's own `rest` sends.
import { useEffect, useRef, useState } from "react";
import { curl, python } from "./copy.js";
import { ask } from "./server.js";

const METHODS = ["GET", "POST", "PATCH", "DELETE"];

export function Rest({ plurals, readOnly, copied }) {
  const [request, setRequest] = useStored("rest", { method: "GET", path: "companies?limit=5", body: "{}" });
  const [answer, setAnswer] = useState({ text: "", bad: false });
  const [busy, setBusy] = useState(false);
  const change = (part) => setRequest({ ...request, ...part });
  // A page that writes may have left another method here.
  const method = readOnly ? "GET" : request.method;
  const writes = method === "POST" || method === "PATCH";
  const path = request.path.replace(/^\/?(rest\/)?/, "");

  function asked() {
    if (!writes) return { method, path };
    try {
      return { method, path, body: JSON.parse(request.body || "{}") };
    } catch (error) {
      throw new Error(`The body is not JSON: ${error.message}`);
    }
  }

  async function send(event) {
    event.preventDefault();
    setBusy(true);
    try {
      const said = await ask("/rest", asked());
      setAnswer({ text: JSON.stringify(said.errors ? said : said.data, null, 2), bad: Boolean(said.errors) });
    } catch (error) {
      setAnswer({ text: error.message, bad: true });
    } finally {
      setBusy(false);
    }
  }

  async function copy(what, text) {
    try {
      await navigator.clipboard.writeText(await text(asked()));
      copied(what);
    } catch (error) {
      copied("", error.message);
    }
  }
  return (
    <form className="rest" onSubmit={send}>
      <div className="line">
        <select aria-label="Method" value={method} onChange={(event) => change({ method: event.target.value })}>
          {(readOnly ? ["GET"] : METHODS).map((method) => (
            <option key={method}>{method}</option>
          ))}
        </select>
        <label>
          /rest/
          <input aria-label="Path" list="paths" value={request.path} onChange={(event) => change({ path: event.target.value })} spellCheck="false" autoComplete="off" />
        </label>
        <datalist id="paths">
          {[...plurals, "metadata/objects", "metadata/fields", "metadata/webhooks"].map((plural) => (
            <option key={plural} value={plural} />
          ))}
        </datalist>
        <button type="submit" disabled={busy}>{busy ? "Waiting…" : "Send"}</button>
        <button type="button" onClick={() => copy("Python", (said) => python({ endpoint: "rest", ...said }))}>Copy as Python</button>
        <button type="button" onClick={() => copy("curl", ({ body }) => curl(`/rest/${path}`, body, method))}>Copy as curl</button>
      </div>
      {writes && (
        <textarea aria-label="Body (JSON)" value={request.body} onChange={(event) => change({ body: event.target.value })} spellCheck="false" rows="8" />
      )}
      <pre className={answer.bad ? "bad" : ""} tabIndex="0" role="region" aria-label="Answer">{answer.text}</pre>
    </form>
  );
}

export function useStored(key, initial) {
  const [value, setValue] = useState(() => JSON.parse(localStorage.getItem(key) || "null") ?? initial);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) localStorage.setItem(key, JSON.stringify(value));
    first.current = false;
  }, [key, value]);
  return [value, setValue];
}
