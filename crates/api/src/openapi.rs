//! The API as an OpenAPI 3.1 document and as the table in `docs/api.md`, both made from [`ROUTES`] and the types.
//!
//! `docs/openapi.json` is this document; a test compares them, and `UPDATE_OPENAPI=1 cargo test -p openras-api openapi` writes
//! both files anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use openras_engine::RasError;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::Problem;
use crate::routes::{ANY, DESCRIPTOR, Gives, NDJSON, ROUTES, Right, Route, descriptor_schema};

/// The document as JSON text, its keys in order.
pub fn document() -> String {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let operation = operation(route, &mut schemas);
        paths.entry(route.path).or_default().insert(route.method.to_lowercase(), operation);
    }
    let document = json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "OpenRAS",
            "version": format!("{}.0.0", crate::VERSION),
            "summary": "The service's HTTP API on its Unix socket.",
            "description": "Dialled connections, answered calls, ports, users and the record of the OpenRAS service. HTTP/1.1 over \
                a Unix socket; who may do what depends on the uid of the client (x-right: dial, own, admin).",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://openras", "description": "The Unix socket /run/openras/api.sock; the host is not looked at." }],
        "paths": paths,
        "components": { "schemas": schemas.all() },
    });
    // no Display of a Value can fail
    let text = serde_json::to_string_pretty(&sorted(document)).unwrap_or_default();
    text + "\n"
}

/// What is needed of the types, in the form in which they are written or read: an answer has all its members, of a request
/// some may be left out.
struct Schemas {
    takes: SchemaGenerator,
    gives: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings
        };
        Self {
            takes: settings().for_deserialize().into_generator(),
            gives: settings().for_serialize().into_generator(),
        }
    }

    fn problem(&mut self) -> Schema {
        self.gives.subschema_for::<Problem>()
    }

    fn all(mut self) -> Map<String, Value> {
        let mut all = self.takes.take_definitions(true);
        all.extend(self.gives.take_definitions(true));
        all
    }
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "x-right": right(route.right),
        "responses": responses(route, schemas),
    });
    let parameters = parameters(route);
    let body = route.takes.map(|takes| {
        let schema = takes(&mut schemas.takes);
        json!({ "required": true, "content": { "application/json": { "schema": schema } } })
    });
    if let Some(members) = operation.as_object_mut() {
        if !parameters.is_empty() {
            members.insert("parameters".to_owned(), parameters.into());
        }
        members.extend(body.map(|body| ("requestBody".to_owned(), body)));
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut all = Vec::new();
    if let Some(name) = route.parameter() {
        let schema =
            if name == "id" { u64::json_schema(&mut SchemaGenerator::default()) } else { json_string() };
        all.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    for (name, meaning) in route.query {
        let schema = match *name {
            "after" => u64::json_schema(&mut SchemaGenerator::default()),
            "packets" | "follow" => bool::json_schema(&mut SchemaGenerator::default()),
            _ => json_string(),
        };
        all.push(json!({ "name": name, "in": "query", "required": false, "description": meaning, "schema": schema }));
    }
    if let Gives::Upgrade(protocol) = route.gives {
        for (name, value) in [("Connection", "upgrade"), ("Upgrade", protocol)] {
            all.push(json!({ "name": name, "in": "header", "required": true, "schema": { "const": value } }));
        }
    }
    all
}

fn json_string() -> Schema {
    schemars::json_schema!({ "type": "string", "minLength": 1 })
}

fn responses(route: &Route, schemas: &mut Schemas) -> Map<String, Value> {
    let mut all = Map::new();
    let good = match route.gives {
        Gives::Nothing => json!({ "description": "Done." }),
        Gives::Json(of) => {
            let schema = of(&mut schemas.gives);
            json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } })
        }
        Gives::Stream(of) => {
            let schema = of(&mut schemas.gives);
            json!({ "description": "One JSON object a line, each as `x-line`.", "x-line": schema,
                "content": { NDJSON: { "schema": { "type": "string" } } } })
        }
        Gives::Upgrade(DESCRIPTOR) => {
            let schema = descriptor_schema(&mut schemas.gives);
            json!({ "description": "Send one byte with the descriptor beside it (SCM_RIGHTS); the answer is one line, as `x-line`.",
                "x-line": schema })
        }
        Gives::Upgrade(_) => json!({ "description": "From here on raw bytes." }),
        Gives::Text(media) => {
            json!({ "description": "Done.", "content": { media: { "schema": text_schema(media) } } })
        }
    };
    all.insert(route.status().to_string(), good);
    for (status, numbers) in errors(route) {
        let lines: Vec<String> = numbers.iter().map(|number| sentence(RasError(*number))).collect();
        all.insert(status.to_string(), failure(&lines.join("\n\n"), schemas));
    }
    all.insert("default".to_owned(), failure("It failed with another number.", schemas));
    all
}

fn text_schema(media: &str) -> Value {
    if media == "application/json" { json!({ "type": "object" }) } else { json!({ "type": "string" }) }
}

fn failure(description: &str, schemas: &mut Schemas) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schemas.problem() } } })
}

/// The numbers a route may fail with, by HTTP status.
fn errors(route: &Route) -> BTreeMap<u16, BTreeSet<u32>> {
    let mut all: BTreeMap<u16, BTreeSet<u32>> = BTreeMap::new();
    for number in ANY.iter().chain(route.errors) {
        all.entry(Problem::from(RasError(*number)).status()).or_default().insert(*number);
    }
    all
}

fn sentence(error: RasError) -> String {
    format!("{error}: {}", error.sentence())
}

fn right(right: Right) -> &'static str {
    match right {
        Right::Dial => "dial",
        Right::Own => "own",
        Right::Admin => "admin",
    }
}

/// The same with the members of every object in order, whatever order the JSON library keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().collect();
            members.into_iter().map(|(name, value)| (name, sorted(value))).collect()
        }
        Value::Array(all) => all.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The table of routes in `docs/api.md`, as Markdown.
pub fn table() -> String {
    let mut out =
        String::from("| request | right | takes | gives | fails with | |\n|---|---|---|---|---|---|\n");
    for route in ROUTES {
        let mut query: Vec<&str> = route.query.iter().map(|(name, _)| *name).collect();
        query.sort_unstable();
        let query = if query.is_empty() { String::new() } else { format!(" `?{}`", query.join("` `&")) };
        let takes = route.takes.map(|takes| title(takes)).unwrap_or_default();
        let gives = match route.gives {
            Gives::Nothing => "204".to_owned(),
            Gives::Json(of) => format!("{} {}", route.status(), title(of)),
            Gives::Stream(of) => format!("lines of {}", title(of)),
            Gives::Upgrade(protocol) => format!("101 `{protocol}`"),
            Gives::Text(media) => format!("`{}`", media.split(';').next().unwrap_or(media)),
        };
        let errors: Vec<String> =
            route.errors.iter().filter(|number| !ANY.contains(number)).map(u32::to_string).collect();
        // writing to a String cannot fail
        let _ = writeln!(
            out,
            "| `{} {}`{query} | {} | {takes} | {gives} | {} | {} |",
            route.method,
            route.path,
            right(route.right),
            errors.join(" "),
            route.summary,
        );
    }
    out
}

/// A type by its name in the document.
fn title(of: fn(&mut SchemaGenerator) -> Schema) -> String {
    let schema = of(&mut SchemaGenerator::default());
    let name = |schema: &Value| {
        let reference = schema.get("$ref").and_then(Value::as_str)?;
        reference.rsplit('/').next().map(str::to_owned)
    };
    let value = Value::from(schema);
    match value.get("items") {
        Some(items) => format!("[`{}`]", name(items).unwrap_or_default()),
        None => format!("`{}`", name(&value).unwrap_or_default()),
    }
}
