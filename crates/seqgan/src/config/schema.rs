//! JSON schema of a configuration file, derived from the types of the settings and their doc
//! comments.

use super::settings::Config;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// JSON schema (draft 2020-12) of a configuration file: description, type, default and range of
/// every setting.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(build);
    &SCHEMA
}

fn build() -> Value {
    // Inlined, because two sections of one type have different defaults.
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    let defaults = serde_json::to_value(Config::default()).expect("settings are plain data");
    insert_defaults(&mut schema, &defaults);
    schema
}

/// Inserts the default of every setting. A file may omit each of them, so that none is required.
fn insert_defaults(schema: &mut Value, default: &Value) {
    let schema = schema.as_object_mut().expect("the schema of a setting is an object");
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        schema.insert("default".to_owned(), default.clone());
        return;
    };
    for (name, property) in properties {
        insert_defaults(property, &default[name]);
    }
    schema.remove("required");
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
