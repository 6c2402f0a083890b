"""What a run found: findings, verdicts per clause, evidence, gates, known failures."""
