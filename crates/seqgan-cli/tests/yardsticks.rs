//! Rows that show what a figure is worth, and what a verdict is made of.

use serde_json::Value;

use crate::support::{Results, Scratch, TINY, and, and_set, tiny_oracle, tiny_train, with_settings};

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
    scratch.run(and(&and_set(&tiny_oracle(), &settings), &["--out", "run"])).expect_fine();
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

/// Of a file the reverse score of language models stands where a synthetic task has the reverse KL; who does not ask for it has no
/// verdict and does not wait for the models.
#[test]
fn a_file_has_a_verdict_by_language_models() {
    let scratch = Scratch::with_sentences();
    let sentences = scratch.read("sentences.txt");
    let lines = |which: usize| sentences.lines().skip(which).step_by(2).map(|line| format!("{line}\n"));
    scratch.write("train.txt", lines(0).collect::<String>().repeat(4));
    scratch.write("test.txt", lines(1).collect::<String>());
    let methods = ["--set", r#"methods=["mle-tuned", "seqgan"]"#, "--set", "adversarial.base=mle-tuned"];
    let arguments = and(&and(&tiny_train("train.txt"), &["--test", "test.txt"]), &methods);
    let asked = and(&arguments, &["--set", "evaluate.reverse_lm=true"]);
    let row = |out: &str| {
        let summary: Value = serde_json::from_str(&scratch.read(&format!("{out}/summary.json"))).unwrap();
        summary["methods"].as_array().unwrap().iter().find(|row| row["name"] == "seqgan").unwrap().clone()
    };

    let table = scratch.run(and(&asked, &["--out", "asked"])).expect_fine().stdout;
    assert!(table.contains("verdict: seqgan ") && table.contains("reverse LM"), "{table}");
    assert!(!table.contains("reverse KL"), "{table}");
    let comparisons = row("asked")["comparisons"].as_array().unwrap().clone();
    assert_eq!(comparisons.len(), 3);
    for comparison in comparisons {
        for measure in ["entropy", "forward_kl", "reverse_lm_score"] {
            let Value::Object(estimate) = &comparison[measure] else { panic!("{measure}: {comparison}") };
            assert!(estimate["mean"].as_f64().unwrap().abs() < 1.0, "{measure}: {comparison}");
        }
        assert!(comparison["entropy"]["mean"].as_f64().unwrap().abs() < 0.1, "{comparison}");
        assert!(comparison.get("reverse_kl").is_none(), "{comparison}");
    }
    scratch.run(and(&asked, &["--out", "again", "--threads", "1"])).expect_fine();
    Results::of(&scratch.path("again")).assert_same(&Results::of(&scratch.path("asked")), "again");

    let table = scratch.run(and(&arguments, &["--out", "not"])).expect_fine().stdout;
    assert!(!table.contains("verdict"), "{table}");
    assert!(row("not").get("comparisons").is_none());

    // `best` asks for it where there is a test file; without one what it has made can be read all the same.
    for (test, found) in [(&["--test", "test.txt"][..], "true"), (&[], "false")] {
        let best = with_settings(&["train", "--preset", "best", "--data", "train.txt"], &TINY);
        let more = ["--methods", "mle-tuned", "--set", "mle_tuned.max_updates=3", "--out", found];
        scratch.run(and(&and(&best, test), &more)).expect_fine();
        assert!(scratch.read(&format!("{found}/config.toml")).contains(&format!("reverse_lm = {found}")));
        scratch.run(["sample", found, "-n", "2"]).expect_fine();
    }

    let study = ["compare", "--preset", "smoke", "--data", "train.txt", "--seeds", "2"];
    let settings = asked.iter().skip_while(|argument| *argument != "--set").map(String::as_str);
    let more = ["--test", "test.txt", "--methods", "mle-tuned,seqgan", "--out", "study"];
    let study: Vec<&str> = study
        .into_iter()
        .chain(more)
        .chain(settings.filter(|s| !["--test", "test.txt"].contains(s)))
        .collect();
    let table = scratch.run(study).expect_fine().stdout;
    assert!(
        table.contains("reverse LM, T 0.8") && table.contains("reverse_lm_score at equal entropy"),
        "{table}"
    );
    scratch.run(["report", "study"]).expect_fine();
    assert!(scratch.read("study/report.html").contains("Difference of reverse_lm_score"));
}
