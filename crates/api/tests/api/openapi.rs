//! The files in `docs` that are made from the routes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use openras_api::openapi;
use openras_api::routes::ROUTES;
use openras_api::types::event::Event;
use serde_json::Value;

const HINT: &str = "run: UPDATE_OPENAPI=1 cargo test -p openras-api openapi";
const BEGIN: &str = "<!-- routes: made from crates/api/src/routes.rs -->\n";
const END: &str = "<!-- end of routes -->";

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// The committed text, or, on wish, the new one is committed.
fn same(name: &str, now: &str) {
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(docs(name), now).unwrap();
    }
    let committed = std::fs::read_to_string(docs(name)).unwrap_or_default();
    assert!(committed == now, "docs/{name} is not what routes.rs and the types say; {HINT}");
}

#[test]
fn openapi_document_is_the_committed_one() {
    same("openapi.json", &openapi::document());
}

#[test]
fn openapi_table_in_the_documentation_is_the_committed_one() {
    let text = std::fs::read_to_string(docs("api.md")).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("docs/api.md has the mark before the table");
    let (_, after) = rest.split_once(END).expect("docs/api.md has the mark behind the table");
    same("api.md", &format!("{before}{BEGIN}{}{END}{after}", openapi::table()));
}

#[test]
fn openapi_references_lead_somewhere_and_nothing_is_left_over() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let schemas: BTreeSet<String> =
        document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let mut named = BTreeSet::new();
    references(&document, &mut named);
    let named: BTreeSet<String> = named
        .into_iter()
        .map(|reference| reference.strip_prefix("#/components/schemas/").expect(&reference).to_owned())
        .collect();
    assert_eq!(named, schemas);
}

fn references(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let (true, Some(reference)) = (name == "$ref", value.as_str()) {
                    to.insert(reference.to_owned());
                }
                references(value, to);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| references(value, to)),
        _ => {}
    }
}

#[test]
fn openapi_says_of_every_route_what_it_needs() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut ids = BTreeSet::new();
    for route in ROUTES {
        assert!(ids.insert(route.id), "{} is twice there", route.id);
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        assert_eq!(operation["operationId"], route.id);
        assert!(operation["x-right"].is_string());
        assert!(operation["responses"][route.status().to_string()].is_object(), "{}", route.id);
        let refused = &operation["responses"]["403"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(refused, "#/components/schemas/Problem");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, route.path.matches('{').count(), "{}", route.id);
    }
}

#[test]
fn openapi_knows_passwords_as_secrets() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Secret"]["format"], "password");
    for (holder, member) in [("Dial", "password"), ("NewUser", "password"), ("Password", "password")] {
        let text = schemas[holder]["properties"][member].to_string();
        assert!(text.contains("#/components/schemas/Secret"), "{holder}.{member}: {text}");
    }
}

#[test]
fn kinds_of_events_are_those_the_client_knows() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let told = document["components"]["schemas"]["Told"].clone();
    let mut kinds = BTreeSet::new();
    constants(&told, &mut kinds);
    assert_eq!(kinds, Event::KINDS.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<_>>());
}

fn constants(value: &Value, to: &mut BTreeSet<String>) {
    if let Some(kind) = value["properties"]["event"]["const"].as_str() {
        to.insert(kind.to_owned());
    }
    match value {
        Value::Object(members) => members.values().for_each(|value| constants(value, to)),
        Value::Array(all) => all.iter().for_each(|value| constants(value, to)),
        _ => {}
    }
}
