ALTER TABLE spikeline.signals_rev
    ADD COLUMN IF NOT EXISTS effect Float64 COMMENT 'for traffic times what was expected, else windows of full outage in excess since the onset, less their standard error' AFTER reason,
    ADD COLUMN IF NOT EXISTS effect_least Float64 COMMENT 'the least effect that opens a signal; for a drop the most' AFTER effect,
    ADD COLUMN IF NOT EXISTS narrowest LowCardinality(String) COMMENT 'the bar that it passed by the least: score, effect or duration' AFTER effect_least,
    ADD COLUMN IF NOT EXISTS margin Float64 COMMENT 'how many times over that bar, at most 1000; below 1 it would be silent, were it not open yet' AFTER narrowest
