//! The names that a file defines.

use super::attributes::is_test_function;
use super::library::ModulePath;
use crate::rust_source::plain;
use syn::visit::{self, Visit};
use syn::{Ident, Visibility};

/// A name and what it is the name of.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The module around it.
    pub module: ModulePath,
    /// The name.
    pub name: String,
    /// What has the name.
    pub kind: Kind,
    /// Its line, from 1.
    pub line: usize,
    /// Whether it is seen outside of its module.
    pub is_public: bool,
}

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A structure, an enumeration, a union, or an alias.
    Type,
    /// A trait.
    Trait,
    /// A function of a module.
    Function,
    /// A test, whose name is a sentence.
    Test,
    /// A constant or a static of a module.
    Constant,
    /// A module with its items.
    Module,
    /// A module in another file.
    FileModule,
    /// A macro.
    Macro,
    /// The other name that an import gives.
    Renamed,
    /// A variant of an enumeration.
    Variant,
    /// A field.
    Field,
    /// A function of a type or a trait.
    Method,
    /// A constant of a type or a trait.
    MemberConstant,
    /// A type of a trait.
    MemberType,
    /// A key of a configuration file.
    Key,
}

impl Kind {
    /// Whether a path in the module finds the name.
    pub fn is_item(self) -> bool {
        matches!(self, Self::Type | Self::Trait | Self::Function | Self::Constant)
    }
}

/// All definitions of a file that is `module`. What a trait asks for is defined there and not in its implementations.
pub fn definitions(file: &syn::File, module: &[String]) -> Vec<Definition> {
    let mut reader = Reader { module: module.to_vec(), found: Vec::new() };
    reader.visit_file(file);
    reader.found
}

struct Reader {
    module: ModulePath,
    found: Vec<Definition>,
}

impl Reader {
    fn add(&mut self, kind: Kind, name: &Ident, visibility: Option<&Visibility>) {
        let is_public = visibility.is_some_and(|visibility| !matches!(visibility, Visibility::Inherited));
        let (name, line) = (plain(name), name.span().start().line);
        self.found.push(Definition { module: self.module.clone(), name, kind, line, is_public });
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_enum(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_union(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_type(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(Kind::Trait, &item.ident, Some(&item.vis));
        visit::visit_item_trait(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let kind = if is_test_function(&item.attrs) { Kind::Test } else { Kind::Function };
        self.add(kind, &item.sig.ident, Some(&item.vis));
        visit::visit_item_fn(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(Kind::Constant, &item.ident, Some(&item.vis));
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(Kind::Constant, &item.ident, Some(&item.vis));
        visit::visit_item_static(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            self.add(Kind::Macro, name, None);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let kind = if item.content.is_some() { Kind::Module } else { Kind::FileModule };
        self.add(kind, &item.ident, Some(&item.vis));
        self.module.push(plain(&item.ident));
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if item.trait_.is_none() {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_use_rename(&mut self, rename: &'ast syn::UseRename) {
        self.add(Kind::Renamed, &rename.rename, None);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.add(Kind::Variant, &variant.ident, None);
        visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.add(Kind::Field, name, None);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(Kind::Method, &item.sig.ident, None);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(Kind::Method, &item.sig.ident, None);
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.add(Kind::MemberConstant, &item.ident, None);
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.add(Kind::MemberConstant, &item.ident, None);
    }

    fn visit_trait_item_type(&mut self, item: &'ast syn::TraitItemType) {
        self.add(Kind::MemberType, &item.ident, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, String)> {
        let found = definitions(&syn::parse_str(text).unwrap(), &["m".into()]);
        found.into_iter().map(|d| (d.kind, [d.module, vec![d.name]].concat().join("::"))).collect()
    }

    #[test]
    fn everything_that_gets_a_name_is_found() {
        let text = "struct A { b: u8 } enum C { D { e: u8 }, F } union G { h: u8 } type I = u8;
            trait J { const K: u8; type L; fn m(); } fn n() { const O: u8 = 0; let p = 0; } static Q: u8 = 0;
            mod r { fn s() {} } mod t; impl A { const U: u8 = 0; fn v() {} } macro_rules! w { () => {} }
            use x::y as z; #[test] fn a_sentence() {}";
        use Kind::*;
        let expected = [
            (Type, "A"),
            (Field, "b"),
            (Type, "C"),
            (Variant, "D"),
            (Field, "e"),
            (Variant, "F"),
            (Type, "G"),
            (Field, "h"),
            (Type, "I"),
            (Trait, "J"),
            (MemberConstant, "K"),
            (MemberType, "L"),
            (Method, "m"),
            (Function, "n"),
            (Constant, "O"),
            (Constant, "Q"),
            (Module, "r"),
            (Function, "r::s"),
            (FileModule, "t"),
            (MemberConstant, "U"),
            (Method, "v"),
            (Macro, "w"),
            (Renamed, "z"),
            (Test, "a_sentence"),
        ];
        assert_eq!(found(text), expected.map(|(kind, name)| (kind, format!("m::{name}"))));
    }

    #[test]
    fn uses_and_implementations_of_traits_define_nothing() {
        assert_eq!(found("use a::B; impl B for C { const D: u8 = 0; fn e() { f::g(); } }"), []);
    }

    #[test]
    fn lines_and_visibility_are_known() {
        let found = definitions(&syn::parse_str("struct A;\n\npub(crate) fn b() {}").unwrap(), &[]);
        let found: Vec<_> = found.iter().map(|d| (d.line, d.is_public)).collect();
        assert_eq!(found, [(1, false), (3, true)]);
    }
}
