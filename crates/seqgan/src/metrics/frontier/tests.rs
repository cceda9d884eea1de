use super::*;
use crate::rng::Reader;

const FLAT: Slope = Slope { forward_kl: 0.0, reverse_kl: 0.0 };

/// Nats of `count` sequences of unequal length under one model.
struct Data {
    test: Vec<f64>,
    oracle: Vec<f64>,
    own: Vec<f64>,
    steps: Vec<u32>,
}

impl Data {
    /// Samples with the given entropy and reverse KL a token, sharing part of their noise; `test` are its own.
    fn draw(reader: &mut Reader, test: Vec<f64>, count: usize, entropy: f64, reverse_kl: f64) -> Self {
        let mut data = Self { test, oracle: Vec::new(), own: Vec::new(), steps: Vec::new() };
        for _ in 0..count {
            let steps = 10 + reader.below(20) as u32;
            let own = f64::from(steps) * entropy + 8.0 * reader.normal();
            data.own.push(own);
            data.oracle
                .push(1.3 * own + f64::from(steps) * (reverse_kl - 0.3 * entropy) + 3.0 * reader.normal());
            data.steps.push(steps);
        }
        data
    }

    fn measured(&self) -> Measured<'_> {
        Measured {
            test_nats: &self.test,
            oracle_nats: Some(&self.oracle),
            own_nats: &self.own,
            sample_steps: &self.steps,
        }
    }
}

/// Method and base with the given entropies, and a forward KL that differs by `forward` a token.
fn two(seed: u64, forward: f64, entropies: [f64; 2], reverse_kls: [f64; 2]) -> (Data, Data, Vec<u32>) {
    let mut reader = Streams::new(seed, Purpose::Sample).reader(0);
    let count = 2_000;
    let steps: Vec<u32> = (0..count).map(|_| 5 + reader.below(30) as u32).collect();
    let base: Vec<f64> = steps.iter().map(|&l| f64::from(l) * 7.5 + 10.0 * reader.normal()).collect();
    let method =
        base.iter().zip(&steps).map(|(b, &l)| b + f64::from(l) * forward + 0.3 * reader.normal()).collect();
    let method = Data::draw(&mut reader, method, count, entropies[0], reverse_kls[0]);
    let base = Data::draw(&mut reader, base, count, entropies[1], reverse_kls[1]);
    (method, base, steps)
}

#[test]
fn differences_by_hand() {
    let method = Measured {
        test_nats: &[5.0, 9.0],
        oracle_nats: Some(&[9.0, 11.0]),
        own_nats: &[6.0, 8.0],
        sample_steps: &[2, 2],
    };
    let base = Measured {
        test_nats: &[6.0, 11.0],
        oracle_nats: Some(&[10.0, 14.0]),
        own_nats: &[6.0, 6.0],
        sample_steps: &[1, 3],
    };
    let slope = Slope { forward_kl: -0.1, reverse_kl: -0.2 };
    let [got] = compare(&[Pair { method, base, test_steps: &[2, 4], slope }], 1)[..] else { panic!() };
    // Entropies 14/4 and 12/4, reverse KLs 6/4 and 12/4, forward -3/6.
    assert!((got.entropy.mean - 0.5).abs() < 1e-15);
    assert!((got.forward_kl.mean - (-0.5 + 0.1 * 0.5)).abs() < 1e-15);
    assert!((got.reverse_kl.unwrap().mean - (-1.5 + 0.2 * 0.5)).abs() < 1e-15);
}

/// The bootstrap against the delta method, `Estimate::ratio` of the corrected quantities.
#[test]
fn bootstrap_errors_are_those_of_the_delta_method() {
    let (method, base, steps) = two(3, -0.02, [7.0, 7.01], [2.1, 2.15]);
    let as_f64 = |steps: &[u32]| steps.iter().map(|&l| f64::from(l)).collect::<Vec<_>>();
    let paired: Vec<f64> = method.test.iter().zip(&base.test).map(|(m, b)| m - b).collect();
    let paired = Estimate::ratio(&paired, &as_f64(&steps)).stderr;
    for slope in [FLAT, Slope { forward_kl: -0.15, reverse_kl: -0.4 }] {
        let part = |data: &Data, of_oracle: f64, of_own: f64| {
            let nats: Vec<f64> =
                data.oracle.iter().zip(&data.own).map(|(o, w)| of_oracle * (o - w) + of_own * w).collect();
            Estimate::ratio(&nats, &as_f64(&data.steps)).stderr
        };
        let both = |of_oracle, of_own| part(&method, of_oracle, of_own).hypot(part(&base, of_oracle, of_own));
        let pair = Pair { method: method.measured(), base: base.measured(), test_steps: &steps, slope };
        let got = compare(&[pair], 7)[0];
        let expected =
            [both(0.0, 1.0), paired.hypot(both(0.0, slope.forward_kl)), both(1.0, -slope.reverse_kl)];
        for (got, expected) in [got.entropy, got.forward_kl, got.reverse_kl.unwrap()].iter().zip(expected) {
            assert!((got.stderr / expected - 1.0).abs() < 0.08, "{} for {expected}", got.stderr);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let (method, base, steps) = two(4, 0.0, [7.0, 7.0], [2.1, 2.1]);
    let pair = Pair { method: method.measured(), base: base.measured(), test_steps: &steps, slope: FLAT };
    let expected = compare(&[pair, pair], 1);
    assert_ne!(expected[0].forward_kl.stderr, expected[1].forward_kl.stderr, "pairs share draws");
    assert_ne!(compare(&[pair], 2)[0], expected[0]);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| compare(&[pair, pair], 1)), expected);
    }
}

/// A method that is the base itself, cooled a little, stays on the curve; uncorrected it would seem better.
#[test]
fn a_move_along_the_curve_is_no_gain() {
    let slope = Slope { forward_kl: -0.2, reverse_kl: -0.2 };
    let (method, base, steps) = two(5, -0.2 * 0.05, [7.05, 7.0], [2.09, 2.1]);
    let pair = Pair { method: method.measured(), base: base.measured(), test_steps: &steps, slope };
    let corrected = compare(&[pair], 1);
    assert!(corrected[0].forward_kl.mean.abs() < 3.0 * corrected[0].forward_kl.stderr, "{corrected:?}");
    assert_eq!(Verdict::of(&corrected), Verdict::OnTheCurve);
    let uncorrected = compare(&[Pair { slope: FLAT, ..pair }], 1)[0];
    assert!(uncorrected.forward_kl.mean < -3.0 * uncorrected.forward_kl.stderr, "{uncorrected:?}");
}

#[test]
fn slope_between_two_points() {
    let a = CurvePoint { entropy: 7.0, nll_test: 7.6, reverse_kl: 2.2 };
    let b = CurvePoint { entropy: 7.5, nll_test: 7.5, reverse_kl: 2.0 };
    let slope = Slope::between(a, b);
    assert!((slope.forward_kl + 0.2).abs() < 1e-12 && (slope.reverse_kl + 0.4).abs() < 1e-12);
    assert_eq!(Slope::between(b, a), slope);
}

fn at(forward: (f64, f64), reverse: (f64, f64)) -> Differences {
    let estimate = |(mean, stderr)| Estimate { mean, stderr };
    Differences {
        entropy: Estimate { mean: 0.0, stderr: 0.005 },
        forward_kl: estimate(forward),
        reverse_kl: Some(estimate(reverse)),
        reverse_lm_score: None,
    }
}

fn mirrored(difference: &Differences) -> Differences {
    let minus = |estimate: Estimate| Estimate { mean: -estimate.mean, ..estimate };
    Differences {
        entropy: minus(difference.entropy),
        forward_kl: minus(difference.forward_kl),
        reverse_kl: difference.reverse_kl.map(minus),
        reverse_lm_score: difference.reverse_lm_score.map(minus),
    }
}

#[test]
fn the_rule_at_its_edges() {
    let cases = [
        // Lower by 3.1 standard errors; upper end 0.0002 + 1.96 * 0.01 = 0.0198.
        ((-0.0031, 0.001), (0.0002, 0.01), Verdict::Dominates),
        ((-0.0029, 0.001), (0.0002, 0.01), Verdict::OnTheCurve),
        // Upper end 0.0006 + 0.0196 = 0.0202.
        ((-0.0031, 0.001), (0.0006, 0.01), Verdict::OnTheCurve),
        // The two exchanged.
        ((0.0, 0.01), (-0.031, 0.01), Verdict::Dominates),
        ((0.0006, 0.01), (-0.031, 0.01), Verdict::OnTheCurve),
        // Better on one and worse on the other, both sure and both within the margin.
        ((-0.01, 0.001), (0.01, 0.001), Verdict::OnTheCurve),
        ((f64::NAN, 0.001), (-0.1, 0.001), Verdict::OnTheCurve),
    ];
    for (forward, reverse, expected) in cases {
        let difference = at(forward, reverse);
        assert_eq!(Verdict::of(&[difference; 3]), expected, "{difference:?}");
        let mirror = match expected {
            Verdict::Dominates => Verdict::Dominated,
            other => other,
        };
        assert_eq!(Verdict::of(&[mirrored(&difference); 3]), mirror, "mirror of {difference:?}");
    }
}

/// Student's t at 0.975: 4.30 for three runs.
#[test]
fn few_runs_have_wide_intervals() {
    // Upper end 0.0 + 4.30 * 0.004 = 0.0172, and with 0.005 0.0215.
    let sure = at((-0.01, 0.001), (0.0, 0.004));
    let less = at((-0.01, 0.001), (0.0, 0.005));
    assert_eq!(Verdict::over_runs(&[sure; 3], 3), Verdict::Dominates);
    assert_eq!(Verdict::over_runs(&[less; 3], 3), Verdict::OnTheCurve);
    assert_eq!(
        (Verdict::of(&[less; 3]), Verdict::over_runs(&[less; 3], 9)),
        (Verdict::Dominates, Verdict::Dominates)
    );
    assert_eq!(Verdict::over_runs(&[sure; 3], 1), Verdict::OnTheCurve);
}

#[test]
fn every_temperature_counts_and_the_same_divergence_must_win() {
    let wins = at((-0.01, 0.001), (0.0, 0.005));
    let exchanged = at((0.0, 0.005), (-0.05, 0.01));
    assert_eq!(Verdict::of(&[wins, wins, at((0.0, 0.001), (0.0, 0.005))]), Verdict::OnTheCurve);
    assert_eq!(Verdict::of(&[wins, exchanged, wins]), Verdict::OnTheCurve);
    assert_eq!(Verdict::of(&[]), Verdict::OnTheCurve);
    let far = Differences { entropy: Estimate { mean: -0.2, stderr: 0.01 }, ..wins };
    assert_eq!(Verdict::of(&[wins, far]), Verdict::OnTheCurve);
}

#[test]
fn names_are_those_of_the_summary() {
    for (verdict, name) in [
        (Verdict::Dominates, "dominates"),
        (Verdict::Dominated, "dominated"),
        (Verdict::OnTheCurve, "on the curve"),
    ] {
        assert_eq!(verdict.to_string(), name);
        assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<Verdict>(&format!("\"{name}\"")).unwrap(), verdict);
    }
}
