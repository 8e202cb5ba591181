"""The operators' page: reads topics, writes commands, never touches the detector's state.

From a message to a screen, module by module:

``commands``, ``app`` (``parts``)
    the command line, and the place where all is put together
``feed`` -> ``plant`` (``machine``, ``pulse``, ``ring``)
    the topics are followed, and what they say is kept as far back as is shown
``views`` (``drawing``, ``words``)
    what a page shows, as plain values
``pages``, ``no_page`` (``rendering``, ``templates``, ``static``)
    views as HTML, in NiceGUI's pages, shown again whenever they change, or that there is none
``acting``
    what people do about alerts, as commands
``tuning`` (``under_models``, ``rejudging``)
    thresholds read and written, and what another one would have made of the scores
``accounts``
    what became of alerts and outcomes, and the figures of that
``place``, ``gate``, ``sign_in``, ``sessions``, ``users``, ``throttle``
    who may reach the page, see it and give commands
"""
