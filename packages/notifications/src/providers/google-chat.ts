import { requireUrl } from '../address.js';
import { metadataFields, objectTitle } from '../describe.js';
import { isFailure } from '../event.js';
import type { Notifier } from '../notifier.js';
import { postJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';

export function googleChat(settings: ProviderSettings): Notifier {
  requireUrl(settings.address, 'Google Chat hook URL');
  return (event, outlet) => {
    const text = isFailure(event) ? `<font color="#ff0000">${event.message}</font>` : event.message;
    const values = metadataFields(event, (topLabel, content) => ({
      textParagraph: null,
      keyValue: { topLabel, content, contentMultiline: false, bottomLabel: null, icon: null },
    }));
    return postJson(outlet, {
      url: settings.address,
      body: {
        cards: [
          {
            header: { title: objectTitle(event), subtitle: event.reportingController, imageUrl: null, imageStyle: null },
            sections: [
              { header: '', widgets: [{ textParagraph: { text }, keyValue: null }] },
              ...(values.length === 0 ? [] : [{ header: '', widgets: values }]),
            ],
          },
        ],
      },
    });
  };
}
