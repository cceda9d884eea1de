//! Schema of a configuration file, with all registered names.

use crate::config;
use crate::generator::kinds;
use crate::reward::registry;
use crate::train::method;
use serde_json::{Value, json};

/// [`config::schema`] with the names of all registered methods, generators and rewards, for editors.
pub fn schema() -> Value {
    let mut schema = config::schema().clone();
    let methods: Vec<_> = method::names().into_iter().map(|method| method.name()).collect();
    let bases: Vec<_> = method::likelihood_names().into_iter().map(|method| method.name()).collect();
    let generators: Vec<_> = kinds().into_iter().map(|kind| kind.name()).collect();
    let rewards = registry::kinds().into_iter().map(|kind| kind.name());
    let rewards: Vec<_> = [registry::DISCRIMINATOR].into_iter().chain(rewards).collect();
    for (place, names) in [
        ("/properties/methods/items", methods),
        ("/properties/adversarial/properties/base", bases),
        ("/properties/generator/properties/kind", generators),
        ("/properties/reward/items/properties/kind", rewards),
    ] {
        schema.pointer_mut(place).expect("a setting")["enum"] = json!(names);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_registries() {
        let schema = schema();
        let has = |place: &str, name: &str| {
            schema.pointer(place).unwrap()["enum"].as_array().unwrap().contains(&json!(name))
        };
        assert!(has("/properties/methods/items", "seqgan") && !has("/properties/methods/items", "gpt"));
        let base = "/properties/adversarial/properties/base";
        assert!(has(base, "mle-tuned") && !has(base, "seqgan"));
        assert!(has("/properties/generator/properties/kind", "lstm"));
        let reward = "/properties/reward/items/properties/kind";
        assert!(has(reward, "discriminator") && has(reward, "novel"));
    }
}
