//! Tests of the schema: every setting is described, and the schema accepts what the program writes.

use super::*;
use crate::config::Preset;

/// First key at which a value does not fit a schema, of the keywords that the schema uses.
fn misfit(key: &str, schema: &Value, value: &Value) -> Option<String> {
    let fits = has_type(schema, value) && is_choice(schema, value) && is_in_range(schema, value);
    if !fits {
        return Some(key.to_owned());
    }
    match value {
        Value::Object(members) => misfit_in_object(key, schema, members),
        Value::Array(items) => items.iter().enumerate().find_map(|(i, item)| {
            misfit(&format!("{key}[{i}]"), schema["prefixItems"].get(i).unwrap_or(&schema["items"]), item)
        }),
        _ => None,
    }
}

fn misfit_in_object(key: &str, schema: &Value, members: &serde_json::Map<String, Value>) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !members.contains_key(*name)) {
        return Some(format!("{key}.{missing}"));
    }
    members.iter().find_map(|(name, member)| {
        let key = format!("{key}.{name}");
        match schema["properties"].get(name) {
            Some(property) => misfit(&key, property, member),
            None => (schema["additionalProperties"] == false).then_some(key),
        }
    })
}

fn has_type(schema: &Value, value: &Value) -> bool {
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some(other) => panic!("{other} is no type of a setting"),
        None => schema["oneOf"].is_array(),
    }
}

fn is_choice(schema: &Value, value: &Value) -> bool {
    let listed = schema["enum"].as_array().is_none_or(|choices| choices.contains(value));
    let matching = |choice: &&Value| misfit("", choice, value).is_none() && choice["const"] == *value;
    listed && schema["oneOf"].as_array().is_none_or(|choices| choices.iter().filter(matching).count() == 1)
}

fn is_in_range(schema: &Value, value: &Value) -> bool {
    let within = |low: &str, high: &str, number: f64| {
        let bound = |key: &str| schema[key].as_f64();
        bound(low).is_none_or(|low| number >= low) && bound(high).is_none_or(|high| number <= high)
    };
    match value {
        Value::Number(number) => within("minimum", "maximum", number.as_f64().unwrap()),
        Value::Array(items) => within("minItems", "maxItems", items.len() as f64),
        _ => true,
    }
}

/// A configuration file as an editor sees it.
fn misfit_of_file(text: &str) -> Option<String> {
    misfit("", schema(), &serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap())
}

/// Calls `visit` with every setting and section.
fn for_each(key: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let key = format!("{key}.{name}");
        visit(&key, property);
        for_each(&key, property, visit);
        for_each(&key, &property["items"], visit);
    }
}

#[test]
fn every_setting_has_description_type_and_default() {
    let mut number = 0;
    for_each("", schema(), &mut |key, setting| {
        number += 1;
        assert!(setting["description"].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        assert!(setting["type"].is_string() || setting["oneOf"].is_array(), "{key}: {setting}");
        let is_section = setting["properties"].is_object();
        assert!(is_section != setting.get("default").is_some() || key.starts_with(".reward."), "{key}");
        assert!(!is_section || setting["additionalProperties"] == false, "{key}");
    });
    assert!(number > 150, "{number}");
    assert_eq!(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema()["additionalProperties"], false);
}

#[test]
fn the_settings_of_every_preset_are_accepted() {
    for preset in [Preset::Quick, Preset::Paper, Preset::Best, Preset::Smoke] {
        let text = toml::to_string(&preset.config()).unwrap();
        assert_eq!(misfit_of_file(&text), None, "{preset}");
    }
}

#[test]
fn files_are_accepted_or_refused_as_the_program_does() {
    for good in ["", "[mle]\nl2 = 1", "[[reward]]\nkind = \"novel\"", "methods = [\"mle\", \"seqgan\"]"] {
        assert_eq!(misfit_of_file(good), None, "{good}");
    }
    for (bad, key) in [
        ("sed = 3", ".sed"),
        ("seed = -1", ".seed"),
        ("[mle]\nl2 = 101", ".mle.l2"),
        ("[mle]\nl3 = 1", ".mle.l3"),
        ("[mle]\nschedule = \"step\"", ".mle.schedule"),
        ("[data]\nformat = \"abc\"", ".data.format"),
        ("[data]\npitches = 1", ".data.pitches"),
        ("[discriminator]\nfilters = []", ".discriminator.filters"),
        ("[discriminator]\nfilters = [[1]]", ".discriminator.filters[0]"),
        ("[discriminator]\nfilters = [[1, 0]]", ".discriminator.filters[0][1]"),
        ("[evaluate]\ntemperatures = [1.0, 0.0]", ".evaluate.temperatures[1]"),
        ("[[reward]]\nweight = 1.0", ".reward[0].kind"),
        ("[[reward]]\nkind = \"novel\"\ndepth = 1", ".reward[0].depth"),
    ] {
        assert_eq!(misfit_of_file(bad).as_deref(), Some(key), "{bad}");
    }
}
