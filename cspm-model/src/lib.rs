//! The vocabulary of cspm: resources, grants, relations, findings, reports and their native formats
