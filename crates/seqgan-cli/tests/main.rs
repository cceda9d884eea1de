//! The one test binary of the command line.

mod bad_input; // what is refused, in which words, and that nothing is left behind
mod browser; // Chromium without a network, for pages
mod choice; // which model is used without a name, and its likelihood wherever it stands
mod cli; // runs the real program: help, version, exit status, where words go
mod compare; // many runs: put together, stopped and gone on with, a grid of settings
mod configs; // files in configs/, programs in examples/, commands in docs/tutorials/
mod crossfit; // a discriminator trained on folds: what they learn from, what is recorded of it
mod disturbed; // a run's folder changes while it is at work
mod events; // event files for TensorBoard hold what metrics.jsonl holds
mod extremes; // rates, sizes and data at the ends of what is allowed; numbers that are not finite
mod fine_tuning; // training that goes on from the model of another run
mod formats; // every format: learnt from, sampled, read again
mod generated; // the schema of settings, completions, manual pages and the page of commands
mod golden; // the numbers of the smoke run
mod kills; // SIGKILL anywhere and full disks, as often as asked for
mod labels; // a class each, from a column to the samples
mod likelihood; // plateaus and patience
mod load; // memory and open files over much work
mod midi; // melodies: MIDI files in, MIDI files out
mod monitor; // signs of training that goes wrong, and the best models
mod reading; // what people's files hold: streams, repeats, formats, tables of events, labels
mod real_data; // small published sets, found by the variable SEQGAN_DATA
mod report; // pages of runs, in a real browser and as text
mod resample; // samples kept by a discriminator's odds
mod resume; // killed, stopped and resumed runs end with the very bits of an undisturbed one
mod rules; // synthetic tasks whose sequences keep a rule
mod sampling; // the ways to sample
mod score; // log-likelihoods of given sequences
mod steering; // constraints and rewards of the user's own
mod subwords; // a tokenizer.json, and what is refused with it
mod support; // a folder to run in, tiny settings, what a run folder holds
mod terminal; // every command on a terminal, under NO_COLOR and --quiet
mod usage; // train, sample, evaluate, inspect: what a user does with a file of sequences
mod yardsticks; // rows that are not trained
