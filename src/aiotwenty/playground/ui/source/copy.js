// What is in the editor, as it is written elsewhere.
import { ask } from "./server.js";

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

export function curl(path, body, method = "POST") {
  const data = body === undefined ? "" : ` \\\n  -H 'Content-Type: application/json' \\\n  --data ${quoted(JSON.stringify(body))}`;
  return `curl -X ${method} "$TWENTY_API_URL"${quoted(path)} \\\n  -H "Authorization: Bearer $TWENTY_API_KEY"${data}`;
}

export async function python(document) {
  return (await ask("/python", document)).python;
}
