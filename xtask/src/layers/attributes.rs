//! What attributes say of an item: that it is for tests, and which file holds it.

use crate::rust_source::identifiers;
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta};

/// Whether attributes say `#[cfg(test)]`, alone or together with more conditions.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let names: Vec<String> =
                identifiers(list.tokens.clone()).into_iter().map(|(name, _)| name).collect();
            names == ["test"] || names.starts_with(&["all".into(), "test".into()])
        }
        _ => false,
    })
}

/// Whether attributes make a function a test.
pub fn is_test_function(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("test"))
}

/// The file that `#[path = "..."]` names.
pub fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

/// The attributes of an item of a module.
pub fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The attributes of an item of an implementation.
pub fn of_member(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Fn(item) => &item.attrs,
        ImplItem::Macro(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_hold_in_tests_alone_are_known() {
        for (source, expected) in [
            ("#[cfg(test)] fn f() {}", true),
            ("#[cfg(all(test, unix))] fn f() {}", true),
            ("#[cfg(not(test))] fn f() {}", false),
            ("#[cfg(any(test, unix))] fn f() {}", false),
            ("#[allow(test)] fn f() {}", false),
        ] {
            assert_eq!(is_test(of_item(&syn::parse_str(source).unwrap())), expected, "{source}");
        }
    }

    #[test]
    fn the_file_of_a_module_is_read() {
        let item: Item = syn::parse_str("#[cfg(test)] #[path = \"a/b.rs\"] mod c;").unwrap();
        assert_eq!(path_of(of_item(&item)).as_deref(), Some("a/b.rs"));
    }
}
