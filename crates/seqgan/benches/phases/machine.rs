//! What a time depends on besides the program.

use serde::{Deserialize, Serialize};

/// The machine, as far as times of different ones must not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the CPU.
    pub cpu: String,
    /// Which instruction set the kernels use.
    pub instruction_set: String,
    /// Threads that compute.
    pub threads: usize,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cpu: model
                .map_or_else(|| std::env::consts::ARCH.to_string(), |(_, name)| name.trim().to_string()),
            instruction_set: format!("{:?}", seqgan::kernel::simd::level()).to_lowercase(),
            threads: rayon::current_num_threads(),
        }
    }

    /// What differs, in words.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut list = Vec::new();
        for (what, a, b) in [
            ("CPU", &self.cpu, &other.cpu),
            ("instruction set", &self.instruction_set, &other.instruction_set),
            ("number of threads", &self.threads.to_string(), &other.threads.to_string()),
        ] {
            if a != b {
                list.push(format!("the {what} was {a}, now it is {b}"));
            }
        }
        list
    }
}
