//! Tells the library which commit it is built from, for run.json.

fn main() {
    println!("cargo::rerun-if-changed=../../.git/HEAD");
    println!("cargo::rerun-if-changed=../../.git/logs/HEAD");
    let output = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    // Built outside a checkout (from a package, say) there is no commit to tell.
    if let Some(output) = output.ok().filter(|o| o.status.success()) {
        println!("cargo::rustc-env=SEQGAN_COMMIT={}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
