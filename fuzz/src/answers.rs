//! What a reward program says.

use seqgan::reward::next_answer;

/// Lines of its standard output.
pub fn read(mut bytes: &[u8]) -> bool {
    let mut all_good = true;
    while let Some(answer) = next_answer(&mut bytes) {
        match answer {
            Ok(score) => assert!(score.is_finite()),
            Err(no_score) => {
                assert!(no_score.shown.len() < 2000 && !no_score.shown.contains('\n'));
                all_good = false;
            }
        }
    }
    all_good
}
