import React from 'react';
import { Props, QueryEditor } from './QueryEditor';

/** Annotations come from events alone. */
export function AnnotationEditor(props: Props) {
  return <QueryEditor {...props} query={{ ...props.query, queryType: 'events' }} />;
}
