//! The experiments that the Overview lists, as a person has filtered, sorted and hidden them.

use super::{
    app::App,
    list::{ListControls, Sort},
};

impl App {
    /// The experiments that the Overview lists, in its order.
    pub fn listed(&self) -> Vec<usize> {
        let wanted = self.list.filter.to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        let passes = |index: &usize| {
            let settings = &self.experiments[*index].settings;
            let told =
                || self.differences.iter().any(|one| holds(&format!("{}={}", one.name, one.values[*index])));
            let found = holds(&settings.name) || holds(settings.algorithm.name()) || told();
            found && !self.list.hidden.contains(settings.listed_as())
        };
        // Of a sweep its best cell.
        let mut listed: Vec<usize> = self.leaders().into_iter().filter(passes).collect();
        match self.list.sort {
            Sort::File => {}
            Sort::Name => {
                listed.sort_by_cached_key(|index| self.experiments[*index].settings.name.to_lowercase());
            }
            Sort::Loss(n) => {
                let loss = |index: &usize| {
                    let loss = self.over_seeds(*index).and_then(|shown| shown.over.mean.get(n).copied());
                    loss.filter(|loss| !loss.is_nan()).unwrap_or(f64::INFINITY)
                };
                let mut keyed: Vec<(f64, usize)> = listed.iter().map(|index| (loss(index), *index)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                listed = keyed.into_iter().map(|(_, index)| index).collect();
            }
        }
        // Those that may be compared stand together.
        if self.compared().len() > 1 {
            listed.sort_by_key(|index| self.group_of(*index));
        }
        listed
    }

    /// What of the list is not the file's whole list, in words.
    pub fn list_in_words(&self) -> String {
        let ListControls { filter, sort, hidden, .. } = &self.list;
        let there =
            |name: &&String| self.experiments.iter().any(|other| other.settings.listed_as() == name.as_str());
        let hidden = hidden.iter().filter(there).count();
        let mut words = Vec::new();
        if !filter.is_empty() {
            words.push(format!("/{filter}"));
        }
        match sort {
            Sort::File => {}
            Sort::Name => words.push("by name".to_owned()),
            Sort::Loss(n) => words.push(format!("by {}={n}", self.axis().letter())),
        }
        if hidden > 0 {
            words.push(format!("{hidden} hidden: {}", self.key_of("show-hidden")));
        }
        words.join(", ")
    }
}
