//! The whole program, seen from outside: one crate, so that it is linked once and its tests share the machine's cores.

mod house;
mod program;

mod a_learner_of_ones_own;
mod a_study_changes_hands;
mod adaptation_is_a_value;
mod answers_of_another_program;
mod architecture_holds;
mod bad_input_is_refused;
mod commands_keep_their_contract;
mod curves_match_the_reference;
mod every_test_set_is_tested;
mod exports_are_tidy;
mod faults_have_outcomes;
mod gradients_are_exact;
mod learners_are_tested_as_trained;
mod learners_match_the_reference;
mod learners_take_the_right_step;
mod many_share_a_study;
mod networks_that_read_match_the_reference;
mod nothing_false_is_believed;
mod other_programs_know_it;
mod readme_tells_the_truth;
mod results_can_be_had_again;
mod resume_is_bit_exact;
mod runs_are_reproducible;
mod slow_lines_stay_fresh;
mod steering_a_live_study;
mod steps_are_taken_apart;
mod steps_need_no_new_memory;
mod submitting_a_study;
mod sweeps_are_experiments;
mod tables_are_tasks;
mod terminal_manners;
mod torture_changes_nothing;
mod watching_shows_the_same;
