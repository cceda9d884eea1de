//! The command line.

use super::phase::Phase;
use super::scale::Scale;

pub const USAGE: &str = "\
Usage: cargo bench -p seqgan --bench phases -- OPTIONS

  --phase P            mle, sample, dtrain, reward, pg, product or round, or several with commas; may be repeated
                       [all but round]
  --repeat N           timed runs of each phase [3]
  --threads N          [one a core]
  --no-warm-up         time the first run too
  --vocab, --length, --batch, --rollouts, --max-prefixes, --hidden, --sequences N
                       sizes [those of the paper's synthetic task]
  --save NAME          keep the times in the target folder
  --baseline NAME      run what was saved, and compare
  --vary WHAT          a table over several sizes: vocab, length, batch, rollouts or threads, each time in a process of
                       its own";

/// What is asked for; what is not told is `None`, because its default depends on the rest.
#[derive(Debug, Default)]
pub struct Options {
    pub phases: Vec<Phase>,
    pub repeat: Option<usize>,
    pub threads: Option<usize>,
    pub no_warm_up: bool,
    pub sizes: Vec<(String, usize)>,
    pub save: Option<String>,
    pub baseline: Option<String>,
    pub vary: Option<String>,
}

impl Options {
    /// Reads the arguments.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let name = argument.strip_prefix("--").ok_or(format!("unexpected `{argument}`"))?;
            if name == "no-warm-up" {
                options.no_warm_up = true;
                continue;
            }
            let mut value = || arguments.next().ok_or(format!("--{name} needs a value"));
            match name {
                "phase" => {
                    for name in value()?.split(',') {
                        options.phases.push(name.parse()?);
                    }
                }
                "repeat" => options.repeat = Some(number(name, &value()?)?.max(1)),
                "threads" => options.threads = Some(number(name, &value()?)?),
                "save" => options.save = Some(value()?),
                "baseline" => options.baseline = Some(value()?),
                "vary" => options.vary = Some(value()?),
                _ if Scale::paper().size_mut(name).is_some() => {
                    let size = number(name, &value()?)?;
                    options.sizes.push((name.to_string(), size));
                }
                _ => return Err(format!("unknown option --{name}")),
            }
        }
        let modes = [&options.save, &options.baseline, &options.vary];
        if modes.into_iter().flatten().count() > 1 {
            return Err("--save, --baseline and --vary exclude each other".into());
        }
        Ok(options)
    }

    /// The sizes that are told, in place of those in `scale`.
    pub fn resize(&self, mut scale: Scale) -> Result<Scale, String> {
        for (name, size) in &self.sizes {
            *scale.size_mut(name).expect("known since it was read") = *size;
        }
        scale.check().map(|()| scale)
    }
}

fn number(name: &str, value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| format!("--{name} is `{value}`, expected a number"))
}
