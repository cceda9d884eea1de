//! Whether a string is a SMILES by its grammar (OpenSMILES 1.0, section 3): atoms, bonds, branches and rings.
//!
//! Valences and aromatic rings are not checked: chemistry toolkits refuse some strings that are molecules here.

use super::first_token;
use std::collections::{HashMap, HashSet};

/// Symbols of the elements, and `*` for any atom, as they may stand in brackets.
const ELEMENTS: &str = "* H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb \
    Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt \
    Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og \
    b c n o p s se as te si";

/// Atoms that need no brackets.
const ORGANIC: [&str; 17] =
    ["B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I", "b", "c", "n", "o", "p", "s", "*"];

/// What stands before a token.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Start,
    Atom,
    Bond,
    Ring,
    Opening,
    Closing,
    Dot,
}

/// The part of a string that has been read.
struct Reading<'a> {
    before: Before,
    /// For each atom, the one that it is bound to on its left; itself where there is none.
    left: Vec<usize>,
    /// The atom to which the next one is bound, in each open branch.
    branches: Vec<usize>,
    /// Open rings: number and atom.
    open: HashMap<&'a str, usize>,
    /// Closed rings, by their atoms.
    closed: HashSet<(usize, usize)>,
    last: usize,
}

/// Whether `text` is a molecule of at least one atom.
pub(in crate::data) fn is_molecule(text: &str) -> bool {
    let mut reading = Reading {
        before: Before::Start,
        left: Vec::new(),
        branches: Vec::new(),
        open: HashMap::new(),
        closed: HashSet::new(),
        last: 0,
    };
    let mut rest = text;
    while !rest.is_empty() {
        let (token, behind) = rest.split_at(first_token(rest));
        if reading.take(token).is_none() {
            return false;
        }
        rest = behind;
    }
    let is_ended = !matches!(reading.before, Before::Start | Before::Bond | Before::Opening | Before::Dot);
    is_ended && reading.branches.is_empty() && reading.open.is_empty()
}

impl<'a> Reading<'a> {
    /// Takes a token; none if it must not stand here.
    fn take(&mut self, token: &'a str) -> Option<()> {
        use Before::{Atom, Bond, Closing, Dot, Opening, Ring, Start};
        let allowed = |before: &[Before]| before.contains(&self.before).then_some(());
        match token {
            "-" | "=" | "#" | "$" | ":" | "/" | "\\" | "~" => {
                allowed(&[Atom, Ring, Opening, Closing])?;
                self.before = Bond;
            }
            "(" => {
                allowed(&[Atom, Ring, Closing])?;
                self.branches.push(self.last);
                self.before = Opening;
            }
            ")" => {
                allowed(&[Atom, Ring, Closing])?;
                self.last = self.branches.pop()?;
                self.before = Closing;
            }
            "." => {
                allowed(&[Atom, Ring, Closing])?;
                self.before = Dot;
            }
            _ if token.starts_with(|c: char| c.is_ascii_digit() || c == '%') => {
                allowed(&[Atom, Ring, Closing, Bond])?;
                let number =
                    token.trim_start_matches(['%', '(']).trim_end_matches(')').trim_start_matches('0');
                (token != "%").then_some(())?;
                self.ring(number)?;
                self.before = Ring;
            }
            _ => {
                (ORGANIC.contains(&token) || is_bracket_atom(token)).then_some(())?;
                let atom = self.left.len();
                let is_bound = !matches!(self.before, Start | Dot);
                self.left.push(if is_bound { self.last } else { atom });
                self.last = atom;
                self.before = Atom;
            }
        }
        Some(())
    }

    /// Opens or closes a ring at the last atom; none for a ring of an atom with itself or one that it is bound to.
    fn ring(&mut self, number: &'a str) -> Option<()> {
        let Some(first) = self.open.remove(number) else {
            self.open.insert(number, self.last);
            return Some(());
        };
        let is_new = self.closed.insert((first, self.last));
        (is_new && first != self.last && self.left[self.last] != first).then_some(())
    }
}

/// `[` isotope symbol chirality hydrogens charge class `]`, of which all but the symbol may be missing.
fn is_bracket_atom(token: &str) -> bool {
    let Some(inner) = token.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return false };
    let text = &inner[digits(inner)..];
    // The longest symbol that fits: `Sc` is scandium, not sulphur and a c.
    let is_symbol =
        |&&n: &&usize| text.get(..n).is_some_and(|symbol| ELEMENTS.split_whitespace().any(|e| e == symbol));
    let Some(&symbol) = [2, 1].iter().find(is_symbol) else { return false };
    let mut text = &text[symbol..];
    if let Some(behind) = text.strip_prefix('@') {
        text = behind.strip_prefix('@').unwrap_or(behind);
        // @TH1, @AL2, @SP3, @TB20, @OH30
        for class in ["TH", "AL", "SP", "TB", "OH"] {
            if let Some(behind) = text.strip_prefix(class).filter(|behind| digits(behind) > 0) {
                text = &behind[digits(behind)..];
            }
        }
    }
    if let Some(behind) = text.strip_prefix('H') {
        text = &behind[digits(behind)..];
    }
    for sign in ['+', '-'] {
        if let Some(behind) = text.strip_prefix(sign) {
            text = behind.trim_start_matches(sign);
            text = &text[digits(text)..];
            break;
        }
    }
    match text.strip_prefix(':') {
        Some(class) => !class.is_empty() && digits(class) == class.len(),
        None => text.is_empty(),
    }
}

/// Number of digits at the beginning.
fn digits(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn molecules_and_what_is_none() {
        for good in [
            "C",
            "CCO",
            "c1ccccc1O",
            "CC(=O)Oc1ccccc1C(=O)O",
            "[Na+].[Cl-]",
            "C[C@@H](N)C(=O)O",
            "F/C=C/F",
            "C%12CC%12",
            "[13CH3:7]O",
            "[nH]1cccc1",
            "C(C)(C)C",
            "*C",
            "[Fe+2]",
            "[Cu++]",
            "C1CC2CCC1C2",
            "C=1CC=1",
            "N#N",
            "[se]1cccc1",
            "[OH-]",
            "[Sc]",
            "C%(104)CC%(104)",
            "CC(C)1CC1",
        ] {
            assert!(is_molecule(good), "{good}");
        }
        for bad in [
            "", "missing", "CHEMBL25", "ZINC0001", "smiles", "zinc_id", "C(", "C)", "C1CC", "C=", "=C",
            "C==C", "C()C", "(C)", ".C", "C.", "[C", "C]", "[]", "[Xx]", "[C:]", "C11", "C1C1", "%C",
            "CCO,a", "C C", "1CC1", "C(=)C", "é", "[CH4+a]",
        ] {
            assert!(!is_molecule(bad), "{bad}");
        }
    }
}
