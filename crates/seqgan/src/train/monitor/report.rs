//! Reports new diagnostics.

use super::super::context::Context;
use super::super::method::AdversarialMethod;
use super::super::state::AdversarialState;
use super::diagnostic::Diagnostic;
use super::statistics::MonitorStatistics;
use crate::Result;
use crate::config::Action;

/// Reports each new diagnostic, and returns the strongest of their configured actions.
pub(crate) fn report(
    context: &mut Context<'_>,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
    statistics: &MonitorStatistics,
) -> Result<Action> {
    let (name, round) = (state.method, state.cursor.round);
    let best = state.cursor.checkpoints.first().filter(|checkpoint| checkpoint.round != round);
    let saved = best.map_or(String::new(), |best| format!(" The model of round {} is kept.", best.round));
    let monitor = &mut state.cursor.monitor;
    let baseline = monitor.baseline.get_or_insert_with(|| statistics.baseline());
    let config = context.config;
    let mut strongest = Action::Warn;
    let mut found = Vec::new();
    for diagnostic in Diagnostic::ALL {
        let action = diagnostic.action(&config.monitor);
        if action == Action::Off || monitor.reported.contains(&diagnostic) {
            continue;
        }
        let Some(seen) = diagnostic.seen(&config.monitor, statistics, baseline) else { continue };
        monitor.reported.push(diagnostic);
        let advice = method.advice(diagnostic, config);
        found.push((diagnostic, format!("{name}, round {round}: {seen}. {advice}.{saved}")));
        if action != Action::Warn && strongest != Action::RollBack {
            strongest = action;
        }
    }
    for (diagnostic, text) in found {
        context.note(&format!("warning: {text}"))?;
        context.record_text("diagnostic", name, round as u64, diagnostic.name(), &text)?;
        state.cursor.warnings.push(text);
    }
    Ok(strongest)
}
