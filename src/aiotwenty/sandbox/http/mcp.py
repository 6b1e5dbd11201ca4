"""`/mcp`: JSON-RPC for assistants, as far as the server describes itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from aiotwenty.sandbox.http.requests import RequestBody
from aiotwenty.sandbox.javascript_messages import to_json
from aiotwenty.sandbox.model.workspace import SandboxWorkspace

PROTOCOL = "2025-06-18"
_TOOLS = {
    "search_help_center": "Searches the help center.",
    "get_tool_catalog": "Lists what can be executed.",
    "execute_tool": "Executes one of the tools of the catalog.",
    "load_skills": "Loads skills by their names.",
    "list_object_metadata_names": "Lists the names of the objects of the workspace.",
    "list_skills": "Lists the skills.",
    "learn_tools": "Describes tools by their names.",
}
_METHOD_NOT_FOUND = -32601


RESOURCE_PATH = "/.well-known/oauth-protected-resource"


def resource(url: str) -> dict[str, Any]:
    """The description of how to get a token."""
    return {"resource": f"{url}/mcp", "authorization_servers": [url], "bearer_methods_supported": ["header"]}


def unauthorized(url: str) -> web.Response:
    """The response to a caller without a valid token."""
    body = {"statusCode": 401, "error": "UnauthorizedException", "messages": ["Unauthorized"]}
    headers = {"WWW-Authenticate": f'Bearer resource_metadata="{url}{RESOURCE_PATH}"'}
    return web.Response(
        body=to_json(body), status=401, content_type="application/json", charset="utf-8", headers=headers
    )


def answer(request: web.Request, call: RequestBody, workspace: SandboxWorkspace) -> web.Response:
    message = call.payload if isinstance(call.payload, dict) else {}
    if "id" not in message:
        return web.Response(status=202)
    content = to_json({"id": message["id"], "jsonrpc": "2.0", **_content(message, workspace)})
    if "text/event-stream" in request.headers.get("Accept", ""):
        return web.Response(body=b"event: message\ndata: " + content + b"\n\n", content_type="text/event-stream")
    return web.Response(body=content, content_type="application/json", charset="utf-8")


def _content(message: dict[str, Any], workspace: SandboxWorkspace) -> dict[str, Any]:
    match message.get("method"):
        case "initialize":
            capabilities: dict[str, Any] = {name: {"listChanged": False} for name in ("tools", "resources", "prompts")}
            server = {"name": "Twenty MCP Server", "version": "0.1.0"}
            return {"result": {"protocolVersion": PROTOCOL, "capabilities": capabilities, "serverInfo": server}}
        case "ping":
            return {"result": {}}
        case "tools/list":
            schema = {"type": "object", "properties": {}}
            tools = [{"name": name, "description": text, "inputSchema": schema} for name, text in _TOOLS.items()]
            return {"result": {"tools": tools}}
        case "prompts/list":
            return {"result": {"prompts": []}}
        case "resources/list":
            return {"result": {"resources": []}}
        case "tools/call":
            return {"result": _called(message.get("params"), workspace)}
    return {"error": {"code": _METHOD_NOT_FOUND, "message": f"Method '{message.get('method')}' not found"}}


def _called(params: Any, workspace: SandboxWorkspace) -> dict[str, Any]:
    name = params.get("name") if isinstance(params, dict) else None
    if name == "list_object_metadata_names":
        return _text_content(sorted(workspace.model.objects))
    return {**_text_content([f"The sandbox doesn't have the tool {name}"]), "isError": True}


def _text_content(lines: Iterable[str]) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": "\n".join(lines)}]}
