//! Rows that are not trained, and show what a figure is worth.

use serde_json::Value;

use crate::support::{Scratch, and, tiny_oracle};

/// Half of its sequences are drawn at a low temperature, which takes entropy away and costs likelihood no more than ln 2 a
/// sequence: at equal entropy it has a lower forward KL than its base, by far, and no gain at all.
#[test]
fn the_verdict_is_not_taken_in_by_a_mixture() {
    let scratch = Scratch::new();
    let settings = [
        r#"methods=["mle-tuned", "mixture"]"#,
        "adversarial.base=mle-tuned",
        "mixture.share=0.5",
        "mle_tuned.num_epochs=6",
        "oracle.length=20",
        "oracle.num_train=2000",
        "oracle.num_test=2000",
        "evaluate.num_samples=2000",
        "evaluate.temperatures=[1.0, 0.9, 0.8, 0.7, 0.6]",
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    scratch.run(and(&and(&tiny_oracle(), &settings), &["--out", "run"])).expect_fine();
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let row = summary["methods"].as_array().unwrap().iter().find(|row| row["name"] == "mixture").unwrap();
    let comparisons = row["comparisons"].as_array().unwrap();
    assert_eq!((comparisons.len(), row["curve"].as_array().unwrap().len()), (3, 5));
    for comparison in comparisons {
        let sure = |name: &str| {
            let number = |part: &str| comparison[name][part].as_f64().unwrap();
            number("mean") / number("stderr")
        };
        assert!(sure("forward_kl") < -3.0 && sure("reverse_kl") > 3.0, "{comparison}");
    }
    assert_eq!(row["verdict"], "on the curve");
    assert_eq!(scratch.read("run/samples/mixture.txt").lines().count(), 1000);
}
