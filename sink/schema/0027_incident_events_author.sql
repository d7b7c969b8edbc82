ALTER TABLE spikeline.incident_events_rev
    ADD COLUMN IF NOT EXISTS author String COMMENT 'who wrote a note or an announcement; empty for what the logs say' AFTER summary
