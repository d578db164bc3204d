//! Who may do what: cloud policy documents and their exact evaluation
