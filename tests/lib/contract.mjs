// docs/openapi.yaml and docs/asyncapi.yaml, held against what the daemons do.
//
//   const api = new Api(baseUrl);
//   await api.call('setRate', { params: { sale }, body: { per_minute: 60 } }, 200)   calls it, validates the answer, notes the status
//   checkMessage(message)                                                            validates what a socket brought
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import YAML from 'yaml';
import { checkProblem, problems } from './refusals.mjs';
import { root } from './servers.mjs';

const read = (...path) => readFileSync(join(root, ...path), 'utf8');
export const openapi = YAML.parse(read('docs', 'openapi.yaml'));
export const asyncapi = YAML.parse(read('docs', 'asyncapi.yaml'));
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, allowUnionTypes: true });
addFormats(ajv);
ajv.addVocabulary(['openapi', 'asyncapi', 'info', 'servers', 'tags', 'paths', 'channels', 'operations', 'components']); // the documents are loaded as schemas, for their references
ajv.addSchema(openapi, 'openapi');
ajv.addSchema(asyncapi, 'asyncapi');

const pointer = (...path) => path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
function validate(document, path, value, what) {
    const check = ajv.getSchema(`${document}#${encodeURI(pointer(...path))}`);
    assert.ok(check, `${what}: ${document} has no schema at ${pointer(...path)}`);
    assert.ok(check(value), `${what}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value)?.slice(0, 600)}`);
}

// ---- the routes of the daemons ----
export function routesOfDaemons() {
    const files = readdirSync(root).map((folder) => join(root, folder, 'routes.c')).filter(existsSync);
    const routes = [...files, join(root, 'common', 'service.c')].flatMap((file) => {
        const source = readFileSync(file, 'utf8');
        const names = Object.fromEntries([...source.matchAll(/^#define (\w+) ("[^"]*")$/gm)].map(([, name, text]) => [name, text]));
        const entries = [...source.matchAll(/^\s*\{(?:\.method = )?"([A-Z]+)",\s*(?:\.path = )?((?:\w+ )?"[^"]*"|\w+),/gm)];
        return entries.map(([, method, path]) => `${method} ${path.replace(/^[A-Z]+(?= |$)/, (name) => names[name]).replaceAll(/["]|(?<=") (?=")/g, '').replaceAll(' ', '')}`);
    });
    return { files, routes: routes.map((route) => route.replace('/assets/*', '/assets/{name}')).sort() };
}

// ---- operations ----
const deref = (value) => value?.$ref ? value.$ref.slice(2).split('/').reduce((at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')], openapi) : value;
function locate(path) { // where a value lies once references on the way to it are followed
    let value = openapi, at = [];
    for (const part of path) {
        value = value[part];
        at.push(part);
        while (value?.$ref && value.$ref.startsWith('#/')) {
            at = value.$ref.slice(2).split('/').map((p) => p.replaceAll('~1', '/').replaceAll('~0', '~'));
            value = at.reduce((v, p) => v[p], openapi);
        }
    }
    return at;
}
export const operations = Object.entries(openapi.paths).flatMap(([path, item]) => Object.entries(item).filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({ id: operation.operationId, path, method: method.toUpperCase(), operation, statuses: Object.keys(operation.responses).filter((s) => s !== 'default').map(Number),
        parameters: [...item.parameters ?? [], ...operation.parameters ?? []].map(deref) })));
const byId = new Map(operations.map((o) => [o.id, o]));

export function send(base, method, path, { headers = {}, body } = {}) {
    return new Promise((done, failed) => {
        const request = http.request(new URL(path, base), { method, headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) } }, (answer) => {
            const chunks = [];
            answer.on('data', (chunk) => chunks.push(chunk));
            answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }));
        });
        request.on('upgrade', (answer, socket) => { socket.destroy(); done({ status: 101, headers: answer.headers, text: '' }); });
        request.on('error', failed);
        request.end(body);
    });
}

export class Api {
    constructor(base) {
        this.base = base;
        this.seen = new Map(operations.map(({ id }) => [id, new Set()]));
        this.refusals = new Map(); // sentences a user was told, by operation
    }
    // One call; the answer must be `expected` and as the document says. `raw`: the body as it is; `form`: as a form.
    async call(id, { params = {}, query = {}, headers = {}, body, raw, form, base = this.base } = {}, expected) {
        const answer = await this.try(id, { params, query, headers, body, raw, form, base });
        assert.equal(answer.status, expected, `${id}: ${answer.text.slice(0, 400)}`);
        return answer;
    }
    async try(id, { params = {}, query = {}, headers = {}, body, raw, form, base = this.base } = {}) {
        const o = byId.get(id);
        assert.ok(o, `there is no operation ${id}`);
        const path = o.path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
        const search = new URLSearchParams(query).toString();
        const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
        const text = raw ?? (form ? new URLSearchParams(form).toString() : body === undefined ? undefined : JSON.stringify(body));
        const answer = await send(base, o.method, search ? `${path}?${search}` : path, { headers: { ...(text !== undefined && { 'content-type': type }), ...headers }, body: text });
        this.check(o, answer);
        if (answer.status < 400 && (body ?? form)) validate('openapi', locate(['paths', o.path, o.method.toLowerCase(), 'requestBody', 'content', type, 'schema']), body ?? form, `${id}: what was sent and accepted`);
        return answer;
    }
    check(o, answer) {
        const what = `${o.id} ${answer.status}`, listed = o.statuses.includes(answer.status) ? String(answer.status) : 'default';
        assert.ok(o.operation.responses[listed], `${what} is not described: ${answer.text.slice(0, 400)}`);
        const at = ['paths', o.path, o.method.toLowerCase(), 'responses', listed];
        const found = locate(at), response = found.reduce((v, part) => v[part], openapi);
        for (const [name, given] of Object.entries(response.headers ?? {})) {
            const value = answer.headers[name.toLowerCase()], header = deref(given);
            assert.ok(value !== undefined || !header.required, `${what}: the header ${name} is missing`);
            if (value !== undefined) validate('openapi', locate([...found, 'headers', name, 'schema']), String(value), `${what}: header ${name}`);
        }
        const type = (answer.headers['content-type'] ?? '').split(';')[0];
        if (answer.text) {
            assert.ok(response.content, `${what} has a body that is not described: ${answer.text.slice(0, 200)}`);
            const media = response.content[type] ? type : '*/*';
            assert.ok(response.content[media], `${what}: ${type} is not described`);
            if (/json$/.test(type)) answer.json = JSON.parse(answer.text);
            if (response.content[media].schema) validate('openapi', locate([...found, 'content', media, 'schema']), answer.json ?? answer.text, what);
        } else {
            assert.ok(!response.content || answer.status === 304, `${what} has no body`);
        }
        if (type === 'application/problem+json') {
            checkProblem(answer.json, answer.json.type.replace('/problems/', ''), answer.status);
            this.refusals.set(`${o.id} ${answer.json.type.replace('/problems/', '')}: ${answer.json.detail}`, answer.json);
        }
        this.seen.get(o.id).add(answer.status);
    }
    // Statuses that are described and were not seen.
    unseen() {
        return operations.flatMap(({ id, statuses }) => statuses.filter((s) => !this.seen.get(id).has(s)).map((s) => `${id} ${s}`));
    }
}

// ---- messages ----
const named = (operation) => asyncapi.operations[operation].messages.map(({ $ref }) => $ref.split('/').at(-1));
export const serverTypes = named('tell'), clientTypes = named('listen');
export function checkMessage(message, types = serverTypes) {
    assert.ok(types.includes(message.type), `the message ${JSON.stringify(message)} is not described`);
    validate('asyncapi', ['components', 'messages', message.type, 'payload'], message, `message ${message.type}`);
    if (message.type === 'error') assert.equal(message.next, problems.get(message.code)?.next, `what to do after ${message.code}, in common/err.h`);
}
// The fields of each type in a union of web/src/shopper/messages.ts: { join: { ticket: false, ... } }, true where it is required.
export function typesOfPage(union) {
    const source = read('web', 'src', 'shopper', 'messages.ts');
    const body = source.match(new RegExp(`export type ${union} =([^;]*?(?:;[^;]*?)*?\\});\\s*(?:export|$)`))[1];
    const full = body.replaceAll(/\|\s*(\w+Message)/g, (_, name) => `| {${source.match(new RegExp(`export interface ${name} \\{([^}]*)\\}`))[1].replaceAll('\n', ' ')}}`);
    return Object.fromEntries([...full.matchAll(/\{([^}]*)\}/g)].map(([, fields]) => {
        const all = [...fields.matchAll(/(\w+)(\??):\s*([^;]+)/g)].map(([, name, optional, type]) => [name, { required: !optional, type: type.trim() }]);
        const { type, ...rest } = Object.fromEntries(all);
        return [type.type.replaceAll("'", ''), rest];
    }));
}
