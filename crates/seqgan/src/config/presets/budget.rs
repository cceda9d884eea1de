//! Numbers of steps of a synthetic task for another time than that of the preset.

use super::Preset;
use crate::config::settings::Config;

impl Preset {
    /// Minutes that the preset takes on the paper's synthetic task, on the reference machine; none for `paper`, which follows
    /// the original code.
    fn minutes(self) -> Option<f64> {
        match self {
            Self::Quick => Some(3.0),
            Self::Best => Some(15.0),
            Self::Smoke => Some(1.0 / 3.0),
            Self::Paper => None,
        }
    }

    /// Scales the numbers of steps so that a run takes about `minutes` instead of the time of the preset.
    pub(super) fn scale_steps(self, config: &mut Config, minutes: f64) {
        let Some(own) = self.minutes() else { return };
        let factor = minutes / own;
        for steps in [
            &mut config.mle.num_epochs,
            &mut config.mle_tuned.num_epochs,
            &mut config.ensemble.num_epochs,
            &mut config.adversarial.num_rounds,
            &mut config.adversarial.d_pretrain_steps,
            &mut config.crossfit.num_rounds,
            &mut config.crossfit.d_epochs,
        ] {
            *steps = ((*steps as f64 * factor).round() as usize).clamp(1, 1_000_000);
        }
        let measured = (config.adversarial.num_rounds, config.crossfit.num_rounds);
        for (every, rounds) in [
            (&mut config.adversarial.measure_every_rounds, measured.0),
            (&mut config.crossfit.measure_every_rounds, measured.1),
        ] {
            *every = (*every).min(rounds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_time_is_twice_the_steps() {
        let own = Preset::Quick.config();
        let mut twice = own.clone();
        Preset::Quick.scale_steps(&mut twice, 6.0);
        assert_eq!(twice.mle_tuned.num_epochs, 2 * own.mle_tuned.num_epochs);
        assert_eq!(twice.crossfit.num_rounds, 2 * own.crossfit.num_rounds);
        let mut same = own.clone();
        Preset::Quick.scale_steps(&mut same, 3.0);
        assert_eq!(same, own);
        let (mut least, mut paper) = (own.clone(), own.clone());
        Preset::Quick.scale_steps(&mut least, 1e-6);
        assert_eq!((least.mle_tuned.num_epochs, least.adversarial.num_rounds), (1, 1));
        Preset::Paper.scale_steps(&mut paper, 1.0);
        assert_eq!(paper, own);
    }
}
