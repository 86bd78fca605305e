/** What is where, for whoever reads text and not pages (https://llmstxt.org). */
export const llmsText = `# Baton

> The control plane for fleets of AI orchestrators: tasks with leases, capacity, delegation, decisions and hours, every change of them a fact in one log. Everything is done over HTTP with JSON.

Present an API key with every request: \`Authorization: Bearer bk_...\`. A command answers the log \`position\` that it led to; a question with \`minPosition\` waits until its answer holds that. Send an \`Idempotency-Key\` with a command, and asking twice is asking once. A refusal is a problem document with a \`code\`.

## Documents

- [OpenAPI](/openapi.json): every command and question, with its words and its refusals
- [AsyncAPI](/asyncapi.json): everything that is pushed
- [Schemas](/schemas): what facts say, as JSON Schema, by type and version
- [Pages](/docs): the same for people

## What is asked for most

- [GET /api/v1/keys/validate](/openapi.json): whom the key speaks for
- [POST /api/v1/orchestrators/{id}/claim](/openapi.json): take the next task; the answer has the lease's \`token\`
- [GET /api/v1/tasks/{task}/context](/openapi.json): what there is to know of a task
- [POST /api/v1/tasks/{id}/complete](/openapi.json): it is done; \`/progress\`, \`/fail\`, \`/release\`, \`/escalate\`, \`/delegate\` beside it
- [GET /api/v1/tasks/{task}/why](/openapi.json): why a task waits
- [GET /api/v1/waiting-votes](/openapi.json): whose vote is waited for
- [GET /api/v1/events](/asyncapi.json): follow the facts, from a position on
`
