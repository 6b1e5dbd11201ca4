// The REST API: a method, a path, a body; what the client's own `rest` sends.
import { useEffect, useRef, useState } from "react";
import { curl } from "./copy.js";
import { ask } from "./server.js";

const METHODS = ["GET", "POST", "PATCH", "DELETE"];

export function Rest({ plurals, readOnly, copied }) {
  const [request, setRequest] = useStored("rest", { method: "GET", path: "companies?limit=5", body: "{}" });
  const [answer, setAnswer] = useState({ text: "", bad: false });
  const [busy, setBusy] = useState(false);
  const change = (part) => setRequest({ ...request, ...part });
  const writes = request.method === "POST" || request.method === "PATCH";
  const path = request.path.replace(/^\/?(rest\/)?/, "");

  async function send(event) {
    event.preventDefault();
    setBusy(true);
    try {
      const asked = { method: request.method, path, ...(writes ? { body: JSON.parse(request.body || "{}") } : {}) };
      const said = await ask("/rest", asked);
      setAnswer({ text: JSON.stringify(said.errors ? said : said.data, null, 2), bad: Boolean(said.errors) });
    } catch (error) {
      setAnswer({ text: error.message, bad: true });
    } finally {
      setBusy(false);
    }
  }

  const copy = (text, what) => navigator.clipboard.writeText(text).then(() => copied(what));
  const asPython = `await twenty.rest.request(${[request.method, path].map((part) => JSON.stringify(part)).join(", ")}${writes ? `, data=${request.body}` : ""})`;
  return (
    <form className="rest" onSubmit={send}>
      <div className="line">
        <select aria-label="Method" value={request.method} onChange={(event) => change({ method: event.target.value })}>
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
        <button type="button" onClick={() => copy(asPython, "Python")}>Copy as Python</button>
        <button type="button" onClick={() => copy(curl(`/rest/${path}`, writes ? JSON.parse(request.body || "{}") : undefined, request.method), "curl")}>Copy as curl</button>
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
